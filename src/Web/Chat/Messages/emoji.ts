import { language } from '../../Language/language.svelte';

export interface Emoji {
  readonly text: string;
  readonly label: string;
  readonly tags: readonly string[];
}

export interface EmojiGroup {
  readonly name: string;
  readonly emoji: readonly Emoji[];
}

interface Compact {
  readonly unicode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly group?: number;
}

/** Parts of emoji, such as skin tones, which are no reaction by themselves. */
const ComponentGroup = 2;
const Recent = 'veza.emoji';
export const RecentMax = 24;
/** What a person sees who has not used any yet. */
const First = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🔥', '👀', '🙏', '👏', '💯', '🤔'];

/** All emoji in the page's language, loaded when they are first asked for. */
export async function allEmoji(): Promise<readonly EmojiGroup[]> {
  const [data, messages] =
    language() === 'fr'
      ? await Promise.all([import('emojibase-data/fr/compact.json'), import('emojibase-data/fr/messages.json')])
      : await Promise.all([import('emojibase-data/en/compact.json'), import('emojibase-data/en/messages.json')]);
  return groupsOf(data.default as readonly Compact[], messages.default.groups);
}

export function groupsOf(
  data: readonly Compact[],
  groups: readonly { readonly order: number; readonly message: string }[],
): readonly EmojiGroup[] {
  return groups
    .filter(({ order }) => order !== ComponentGroup)
    .map(({ order, message }) => ({
      name: message,
      emoji: data
        .filter(({ group }) => group === order)
        .map(({ unicode, label, tags = [] }) => ({ text: plain(unicode), label, tags })),
    }));
}

/** Without the mark for a picture where the emoji is one anyway: people would react with two that look the same. */
const plain = (text: string): string => text.replace(/(\p{Emoji_Presentation})\uFE0F/gu, '$1');

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Emoji whose name or tags have a word that begins with each of the words, names first. */
export function found(groups: readonly EmojiGroup[], query: string, max: number): readonly Emoji[] {
  const wanted = folded(query).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const has = (texts: readonly string[]): boolean => {
    const words = texts.flatMap(text => folded(text).split(/[\s:'’-]+/));
    return wanted.every(one => words.some(word => word.startsWith(one)));
  };
  const all = groups.flatMap(({ emoji }) => emoji);
  const byName = all.filter(({ label }) => has([label]));
  return [...byName, ...all.filter(one => !byName.includes(one) && has([one.label, ...one.tags]))].slice(0, max);
}

export function recentEmoji(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(Recent) ?? '[]');
    const texts = Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string') : [];
    return [...new Set([...texts, ...First])].slice(0, RecentMax);
  } catch {
    return First;
  }
}

export function useEmoji(text: string): void {
  try {
    const others = recentEmoji().filter(one => one !== text);
    localStorage.setItem(Recent, JSON.stringify([text, ...others].slice(0, RecentMax)));
  } catch {
    // Without storage the recent ones are the usual ones.
  }
}
