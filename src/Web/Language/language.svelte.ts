import { appearance } from './appearance.svelte';

/** The catalogues the page has. */
export const languages = ['en', 'fr'] as const;
export type Language = (typeof languages)[number];

/** What the languages call themselves. */
export const languageNames: Record<Language, string> = { en: 'English', fr: 'Français' };

/** The chosen language, else the first one of the browser's that there is a catalogue for, else English. */
export function language(): Language {
  const wanted = appearance.language === undefined ? navigator.languages : [appearance.language];
  for (const tag of wanted) {
    const found = languages.find(one => tag.toLowerCase().split('-')[0] === one);
    if (found !== undefined) return found;
  }
  return 'en';
}

/** The locale of times and numbers: the browser's variant of the page's language, such as `en-GB`. */
export function locale(): string {
  const now = language();
  return navigator.languages.find(tag => tag.toLowerCase().split('-')[0] === now) ?? now;
}

type SameKeys<Words> = {
  [Key in keyof Words]: Words[Key] extends (...args: infer Args) => string ? (...args: Args) => string : string;
};

/** The words of one folder, in every language; `words()` answers those of the present one, and follows a change. */
export function texts<Words extends object>(all: { en: Words; fr: SameKeys<Words> }): () => SameKeys<Words> {
  return () => (language() === 'fr' ? all.fr : (all.en as SameKeys<Words>));
}

/** Chooses the form of a number: `plural(3, { one: '1 message', other: '3 messages' })`. */
export function plural(count: number, forms: { one: string; other: string }): string {
  return new Intl.PluralRules(language()).select(count) === 'one' ? forms.one : forms.other;
}
