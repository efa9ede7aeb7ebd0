import { isKnown, type Item } from '@veza/client';

/** Messages that wait on this device, over all channels; the oldest are dropped beyond. */
export const WaitingMax = 50;

/** A message that the server has not answered yet. */
export interface Waiting {
  /** The idempotency key: however often it is sent, it happens once. */
  readonly key: string;
  readonly channelId: string;
  readonly text: string;
  readonly replyTo: string | null;
  /** ISO 8601. */
  readonly at: string;
  readonly state: 'sending' | 'failed';
  /** Why it failed. */
  readonly reason?: string | undefined;
}

export const added = (all: readonly Waiting[], one: Waiting): readonly Waiting[] =>
  [...all.filter(({ key }) => key !== one.key), one].slice(-WaitingMax);

export const removed = (all: readonly Waiting[], key: string): readonly Waiting[] =>
  all.filter(one => one.key !== key);

export const changed = (all: readonly Waiting[], key: string, change: Partial<Waiting>): readonly Waiting[] =>
  all.map(one => (one.key === key ? { ...one, ...change } : one));

/** What still waits after an item: one's own message may come before the answer to its sending. */
export function settled(all: readonly Waiting[], item: Item, me: string): readonly Waiting[] {
  if (!isKnown(item) || item.type !== 'messageSent' || item.data.authorId !== me) return all;
  const { channelId, text, replyTo } = item.data;
  const found = all.find(
    one =>
      one.state === 'sending' &&
      one.channelId === channelId &&
      one.text.trim() === text.trim() &&
      one.replyTo === replyTo,
  );
  return found === undefined ? all : removed(all, found.key);
}

/** What this device kept, after a reload: nothing is on its way any more. */
export function restored(kept: unknown, reason: string): readonly Waiting[] {
  if (!Array.isArray(kept)) return [];
  return kept
    .filter((one): one is Waiting => isText(one?.key) && isText(one?.channelId) && isText(one?.text) && isText(one?.at))
    .slice(-WaitingMax)
    .map(({ key, channelId, text, at, replyTo, reason: why }) => ({
      key,
      channelId,
      text,
      at,
      replyTo: isText(replyTo) ? replyTo : null,
      state: 'failed',
      reason: isText(why) ? why : reason,
    }));
}

const isText = (value: unknown): value is string => typeof value === 'string';
