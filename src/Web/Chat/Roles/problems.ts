import { Problem } from '@veza/client';
import { explain } from '../../Design/explain';
import { texts } from '../../Language/language.svelte';

const words = texts({
  en: {
    role_above: 'You can only manage roles below your own highest one.',
    member_above: 'This member’s highest role is not below yours.',
    everyone_role: 'The role of everyone cannot be moved, deleted, given or taken.',
    too_many_roles: 'This community has 250 roles, and takes no more.',
    too_many_overwrites: 'This channel has permissions for 500 roles and members, and takes no more.',
    permission_missing: 'You can only grant and take permissions that you have.',
  },
  fr: {
    role_above: 'Vous ne pouvez gérer que les rôles sous votre plus haut rôle.',
    member_above: 'Le plus haut rôle de ce membre n’est pas sous le vôtre.',
    everyone_role: 'Le rôle de tous ne peut être ni déplacé, ni supprimé, ni donné, ni retiré.',
    too_many_roles: 'Cette communauté a 250 rôles, et n’en prend pas plus.',
    too_many_overwrites: 'Ce salon a des permissions pour 500 rôles et membres, et n’en prend pas plus.',
    permission_missing: 'Vous ne pouvez accorder et retirer que les permissions que vous avez.',
  },
});

/** What a person can read about a failed call that concerns roles, in the page's language where it has one. */
export function roleProblem(error: unknown): string {
  const all: Partial<Record<string, string>> = words();
  return (error instanceof Problem ? all[error.code] : undefined) ?? explain(error);
}
