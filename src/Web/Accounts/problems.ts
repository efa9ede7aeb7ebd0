import { Problem } from '@veza/client';
import { explain } from '../Design/explain';
import { plural, texts } from '../Language/language.svelte';

const words = texts({
  en: {
    sign_in_failed: 'This name and this password do not belong together.',
    two_factor_failed: 'This code is wrong, or was used before. Codes change every 30 seconds.',
    code_wrong: 'This code is wrong, or was used before. Codes change every 30 seconds.',
    two_factor_required: 'A code is needed too.',
    password_wrong: 'This is not your present password.',
    user_name_taken: 'Another account has this name.',
    email_taken: 'Another account has confirmed this address.',
    reset_token_invalid: 'This link was used or replaced, or its hour is over. Ask for another mail.',
    proof_token_invalid: 'This link was used or replaced, or its day is over. Ask for another mail.',
    mail_not_configured: 'This Veza sends no mail. Ask the person who runs it for a new password.',
    nothing_to_prove: 'This address is confirmed already.',
    two_factor_enabled: 'Two-factor sign-in is on already.',
    two_factor_not_begun: 'Two-factor sign-in is off already.',
  },
  fr: {
    sign_in_failed: 'Ce nom et ce mot de passe ne vont pas ensemble.',
    two_factor_failed: 'Ce code est faux ou a déjà servi. Les codes changent toutes les 30 secondes.',
    code_wrong: 'Ce code est faux ou a déjà servi. Les codes changent toutes les 30 secondes.',
    two_factor_required: 'Il faut aussi un code.',
    password_wrong: 'Ce n’est pas votre mot de passe actuel.',
    user_name_taken: 'Un autre compte porte ce nom.',
    email_taken: 'Un autre compte a confirmé cette adresse.',
    reset_token_invalid: 'Ce lien a servi, a été remplacé, ou son heure est passée. Demandez un autre e-mail.',
    proof_token_invalid: 'Ce lien a servi, a été remplacé, ou son jour est passé. Demandez un autre e-mail.',
    mail_not_configured: 'Ce Veza n’envoie pas d’e-mail. Demandez un mot de passe à la personne qui l’exploite.',
    nothing_to_prove: 'Cette adresse est déjà confirmée.',
    two_factor_enabled: 'La connexion en deux étapes est déjà active.',
    two_factor_not_begun: 'La connexion en deux étapes est déjà inactive.',
  },
});

const waits = texts({
  en: {
    sign_in_wait: (wait: string) => `Too many tries failed. The next one counts in ${wait}.`,
    email_proof_wait: (wait: string) => `A mail was sent lately. The next one can be sent in ${wait}.`,
    too_fast: (wait: string) => `That was a lot at once. Try again in ${wait}.`,
    seconds: (count: number) => plural(count, { one: '1 second', other: `${count} seconds` }),
    minutes: (count: number) => plural(count, { one: '1 minute', other: `${count} minutes` }),
  },
  fr: {
    sign_in_wait: wait => `Trop d’essais ont échoué. Le prochain comptera dans ${wait}.`,
    email_proof_wait: wait => `Un e-mail vient de partir. Le prochain pourra partir dans ${wait}.`,
    too_fast: wait => `C’était beaucoup d’un coup. Réessayez dans ${wait}.`,
    seconds: count => plural(count, { one: '1 seconde', other: `${count} secondes` }),
    minutes: count => plural(count, { one: '1 minute', other: `${count} minutes` }),
  },
});

const wait = (seconds: number): string =>
  seconds < 120 ? waits().seconds(seconds) : waits().minutes(Math.ceil(seconds / 60));

/** What a person can read about a failed call that concerns an account, in the page's language where it has one. */
export function accountProblem(error: unknown): string {
  if (!(error instanceof Problem)) return explain(error);
  const { code, retryAfterS } = error;
  const all: Partial<Record<string, string>> = words();
  if (retryAfterS !== undefined && (code === 'sign_in_wait' || code === 'email_proof_wait' || code === 'too_fast'))
    return waits()[code](wait(retryAfterS));
  return all[code] ?? explain(error);
}
