/** Drafts that are kept on this device; the oldest are dropped beyond. */
export const DraftsMax = 50;

export type Drafts = Readonly<Record<string, string>>;

/** The drafts with one of a channel, or without it when it is empty; the newest last. */
export function withDraft(drafts: Drafts, channelId: string, text: string): Drafts {
  const others = Object.entries(drafts).filter(([id]) => id !== channelId);
  const all = text.trim() === '' ? others : [...others, [channelId, text] as const];
  return Object.fromEntries(all.slice(-DraftsMax));
}

const keyOf = (me: string): string => `veza.drafts.${me}`;

function kept(me: string): Drafts {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(keyOf(me)) ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Drafts) : {};
  } catch {
    return {};
  }
}

export function draftOf(me: string, channelId: string): string {
  const found: unknown = kept(me)[channelId];
  return typeof found === 'string' ? found : '';
}

export function keepDraft(me: string, channelId: string, text: string): void {
  try {
    localStorage.setItem(keyOf(me), JSON.stringify(withDraft(kept(me), channelId, text)));
  } catch {
    // Without storage a draft lasts as long as its field.
  }
}
