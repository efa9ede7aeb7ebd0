import { texts } from '../../Language/language.svelte';
import { deviceName } from '../device';

const titles = texts({
  en: {
    account_registered: 'Account created',
    signed_in: 'Signed in',
    sign_in_failed: 'A sign-in failed',
    session_ended: 'A session ended',
    password_changed: 'Password changed',
    password_reset_issued: 'An operator issued a password reset',
    password_reset_mailed: 'A password reset was mailed',
    password_reset: 'Password set anew',
    email_proven: 'E-mail address confirmed',
    two_factor_begun: 'Two-factor sign-in begun',
    two_factor_enabled: 'Two-factor sign-in turned on',
    recovery_code_used: 'A recovery code was used',
    two_factor_disabled: 'Two-factor sign-in turned off',
    api_key_created: 'API key created',
    api_key_used: 'API key in use that day',
    role_granted: 'Role granted',
    account_suspended: 'Account suspended',
    account_suspension_ended: 'Suspension ended',
    account_suspension_expired: 'Suspension over',
    broadcast_taken_down: 'Broadcast taken down',
    log_read: 'Log read that day',
    operator_acted: 'Acted as an operator',
    member_kicked: 'Removed from a community',
    member_banned: 'Banned from a community',
    member_unbanned: 'Ban ended',
    member_timed_out: 'Timed out in a community',
    member_time_out_ended: 'Time-out ended',
  },
  fr: {
    account_registered: 'Compte créé',
    signed_in: 'Connexion',
    sign_in_failed: 'Une connexion a échoué',
    session_ended: 'Une session s’est terminée',
    password_changed: 'Mot de passe changé',
    password_reset_issued: 'Un opérateur a permis un nouveau mot de passe',
    password_reset_mailed: 'Un e-mail de nouveau mot de passe est parti',
    password_reset: 'Nouveau mot de passe enregistré',
    email_proven: 'Adresse e-mail confirmée',
    two_factor_begun: 'Connexion en deux étapes commencée',
    two_factor_enabled: 'Connexion en deux étapes activée',
    recovery_code_used: 'Un code de secours a servi',
    two_factor_disabled: 'Connexion en deux étapes désactivée',
    api_key_created: 'Clé d’API créée',
    api_key_used: 'Clé d’API utilisée ce jour-là',
    role_granted: 'Rôle accordé',
    account_suspended: 'Compte suspendu',
    account_suspension_ended: 'Suspension levée',
    account_suspension_expired: 'Suspension terminée',
    broadcast_taken_down: 'Diffusion arrêtée',
    log_read: 'Journal lu ce jour-là',
    operator_acted: 'Acte d’opérateur',
    member_kicked: 'Exclu d’une communauté',
    member_banned: 'Banni d’une communauté',
    member_unbanned: 'Bannissement levé',
    member_timed_out: 'Mis à l’écart dans une communauté',
    member_time_out_ended: 'Mise à l’écart terminée',
  },
});

const reasons = texts({
  en: {
    signed_out: 'Signed out',
    refresh_token_reused: 'Its token was used twice, so two programs had it',
    password_changed: 'The password was changed',
    password_reset: 'The password was set anew',
    key_revoked: 'The API key was revoked',
    account_erased: 'The account was erased',
    account_suspended: 'The account was suspended',
    too_many_sessions: 'Newer sessions took its place',
  },
  fr: {
    signed_out: 'Déconnexion',
    refresh_token_reused: 'Son jeton a servi deux fois, donc deux programmes l’avaient',
    password_changed: 'Le mot de passe a été changé',
    password_reset: 'Un nouveau mot de passe a été enregistré',
    key_revoked: 'La clé d’API a été révoquée',
    account_erased: 'Le compte a été effacé',
    account_suspended: 'Le compte a été suspendu',
    too_many_sessions: 'Des sessions plus récentes ont pris sa place',
  },
});

const alarming: ReadonlySet<string> = new Set(['sign_in_failed', 'account_suspended', 'recovery_code_used']);

/** What a person should look at twice. */
export const isAlarming = (type: string): boolean => alarming.has(type);

/** A type of a newer server appears as the log calls it. */
export const titleOf = (type: string): string =>
  (titles() as Partial<Record<string, string>>)[type] ?? type.replaceAll('_', ' ');

/** What the event says beside its type; undefined when it says nothing more. */
export function detailOf({ type, detail }: { type: string; detail: string | null }): string | undefined {
  if (detail === null) return undefined;
  if (type === 'session_ended') return (reasons() as Partial<Record<string, string>>)[detail] ?? detail;
  return type === 'signed_in' ? deviceName(detail) : detail;
}
