import { texts } from '../Language/language.svelte';

/** As the server demands. */
export const PasswordMin = 10;

const words = texts({
  en: {
    short: (left: number) => `${left} more to go`,
    fair: 'Good enough. Longer is stronger.',
    good: 'Good. A few more words make it strong.',
    strong: 'Strong.',
  },
  fr: {
    short: left => `Encore ${left}`,
    fair: 'Suffisant. Plus long, il est plus sûr.',
    good: 'Bien. Quelques mots de plus le rendent très sûr.',
    strong: 'Très sûr.',
  },
});

export type Strength = 'none' | 'short' | 'fair' | 'good' | 'strong';

/** How strong a password is, by its length: what a guesser has to try grows with it, and signs add little. */
export function strengthOf(password: string): Strength {
  const length = [...password].length;
  if (length === 0) return 'none';
  if (length < PasswordMin) return 'short';
  if (length < 14) return 'fair';
  return length < 20 ? 'good' : 'strong';
}

/** What to show about it; undefined before the first character. */
export function strengthText(password: string): string | undefined {
  const strength = strengthOf(password);
  if (strength === 'none') return undefined;
  return strength === 'short' ? words().short(PasswordMin - [...password].length) : words()[strength];
}
