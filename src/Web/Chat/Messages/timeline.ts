import type { Message } from './history';
import type { Waiting } from './outbox';

/** Messages of one author follow each other without a heading while they are at most this far apart. */
export const TogetherMs = 5 * 60_000;

export type Row =
  | { readonly kind: 'start' | 'older' | 'newer'; readonly key: string }
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'message'; readonly key: string; readonly message: Message; readonly headed: boolean }
  | { readonly kind: 'waiting'; readonly key: string; readonly waiting: Waiting; readonly headed: boolean };

export interface Shown {
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly waiting: readonly Waiting[];
  readonly me: string;
  /** The position of the last message that was read when the channel was opened; undefined draws no line. */
  readonly readUpTo: number | undefined;
}

const dayOf = (at: string): string => new Date(at).toDateString();

/** The rows of a channel, from the oldest held message to what is not sent yet. */
export function rows({ messages, hasOlder, hasNewer, waiting, me, readUpTo }: Shown): Row[] {
  const all: Row[] = [hasOlder ? { kind: 'older', key: 'older' } : { kind: 'start', key: 'start' }];
  let before: Said | undefined;
  let isNew = false;
  for (const message of messages) {
    const nextDay = before === undefined || dayOf(before.sentAt) !== dayOf(message.sentAt);
    if (nextDay) all.push({ kind: 'day', key: `day ${dayOf(message.sentAt)}`, at: message.sentAt });
    const unread = readUpTo !== undefined && message.position > readUpTo && message.authorId !== me;
    const firstNew: boolean = !isNew && unread;
    // Without a read message above it, the line would say nothing, except at the beginning of the channel.
    const line: boolean = firstNew && (before !== undefined || !hasOlder);
    isNew ||= firstNew;
    if (line) all.push({ kind: 'new', key: 'new' });
    const headed = nextDay || line || message.replyTo !== null || !together(before, message);
    all.push({ kind: 'message', key: message.id, message, headed });
    before = message;
  }
  if (hasNewer) all.push({ kind: 'newer', key: 'newer' });
  for (const one of waiting) {
    const next = { authorId: me, sentAt: one.at };
    const headed = one.replyTo !== null || !together(before, next);
    all.push({ kind: 'waiting', key: one.key, waiting: one, headed });
    before = next;
  }
  return all;
}

interface Said {
  readonly authorId: string;
  readonly sentAt: string;
}

function together(before: Said | undefined, next: Said): boolean {
  if (before === undefined || before.authorId !== next.authorId) return false;
  return Date.parse(next.sentAt) - Date.parse(before.sentAt) <= TogetherMs;
}
