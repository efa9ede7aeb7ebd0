import { isKnown, type Item } from '@veza/client';

/** Messages of a channel that are held at once. Those far from what is read are dropped, and read again on the way. */
export const HeldMax = 400;
/** Newest items that are kept for pages which the server read before them. */
export const RecentMax = 500;

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly mine: boolean;
}

export interface Message {
  readonly id: string;
  readonly authorId: string;
  readonly text: string;
  readonly replyTo: string | null;
  /** ISO 8601. */
  readonly sentAt: string;
  readonly editedAt: string | null;
  readonly edits: number;
  readonly reactions: readonly Reaction[];
  /** Of its sending: the order of messages. */
  readonly position: number;
  /** Its reactions are those of all events up to here, and of none after. */
  readonly exactAt: number;
}

/** Some messages of a channel without a gap, oldest first, and what came after they were read. */
export interface History {
  readonly me: string;
  readonly channelId: string;
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** All items up to here are applied. */
  readonly position: number;
  readonly recent: readonly Item[];
  /** Messages of others that came while the held ones did not reach the newest. */
  readonly arrived: number;
  /** The reader is at the newest message, so the oldest are the ones to drop. */
  readonly atEnd: boolean;
}

/** Messages of a page, oldest first. It includes all events up to the position, and perhaps later ones. */
export interface Page {
  readonly messages: readonly Message[];
  readonly position: number;
  readonly hasMore: boolean;
}

/** A history of the page with the newest messages, or of one around a message that is looked for. */
export function opened(me: string, channelId: string, page: Page, hasNewer: boolean): History {
  return {
    me,
    channelId,
    messages: page.messages,
    hasOlder: page.hasMore,
    hasNewer,
    position: page.position,
    recent: [],
    arrived: 0,
    atEnd: !hasNewer,
  };
}

/** The history after an item of its channel. */
export function applied(history: History, item: Item): History {
  if (item.position <= history.position) return history;
  const moved = { ...history, position: item.position };
  if (!isKnown(item) || !('channelId' in item.data) || item.data.channelId !== history.channelId) return moved;
  const kept = { ...moved, recent: [...history.recent.slice(1 - RecentMax), item] };
  if (item.type === 'messageSent') return withSent(kept, sentIn(item.data, item.at, item.position));
  return { ...kept, messages: changed(kept.messages, item, history.me) };
}

/** The history with a message that this person sent, as soon as the server answered or its item came. */
export function withSent(history: History, message: Message): History {
  if (history.messages.some(held => held.id === message.id)) return history;
  if (history.hasNewer) return arrivedOne(history, message);
  const at = history.messages.findLastIndex(held => held.position < message.position) + 1;
  const messages = history.messages.toSpliced(at, 0, message);
  if (messages.length <= HeldMax) return { ...history, messages };
  if (history.atEnd) return { ...history, messages: messages.slice(-HeldMax), hasOlder: true };
  return arrivedOne({ ...history, messages: messages.slice(0, HeldMax), hasNewer: true }, message);
}

const arrivedOne = (history: History, { authorId }: Message): History =>
  authorId === history.me ? history : { ...history, arrived: history.arrived + 1 };

/**
 * The history with the page before its oldest message.
 * @returns undefined when too much came since the page was read; it must be read again
 */
export function withOlder(history: History, page: Page): History | undefined {
  const messages = upToDate(history, page);
  if (messages === undefined) return undefined;
  const first = history.messages[0]?.position ?? Infinity;
  const all = [...messages.filter(message => message.position < first), ...history.messages];
  const drops = all.length > HeldMax;
  return {
    ...history,
    messages: all.slice(0, HeldMax),
    hasOlder: page.hasMore,
    hasNewer: history.hasNewer || drops,
    atEnd: history.atEnd && !drops,
  };
}

/** The history with the page after its newest message; see `withOlder`. */
export function withNewer(history: History, page: Page): History | undefined {
  const messages = upToDate(history, page);
  if (messages === undefined) return undefined;
  const last = history.messages.at(-1)?.position ?? 0;
  const all = [...history.messages, ...messages.filter(message => message.position > last)];
  const reached: History = {
    ...history,
    messages: all.slice(-HeldMax),
    hasOlder: history.hasOlder || all.length > HeldMax,
    hasNewer: page.hasMore,
    arrived: page.hasMore ? history.arrived : 0,
  };
  if (page.hasMore) return reached;
  // What was sent after the page was read came as items already, while there was no place for it.
  return history.recent.reduce<History>((before, item) => {
    if (!isKnown(item) || item.type !== 'messageSent' || item.position <= page.position) return before;
    const message = current(sentIn(item.data, item.at, item.position), before);
    return message === undefined ? before : withSent(before, message);
  }, reached);
}

/** A history of another page of the same channel, such as that around a message; see `withOlder`. */
export function movedTo(history: History, page: Page, hasNewer: boolean): History | undefined {
  const messages = upToDate(history, page);
  if (messages === undefined) return undefined;
  const moved = { ...history, messages: [], hasNewer: true, hasOlder: page.hasMore, atEnd: !hasNewer };
  const filled = { ...moved, messages };
  if (hasNewer) return filled;
  return withNewer(filled, { messages: [], position: page.position, hasMore: false });
}

/** What this person just did to a message, before its item comes. */
export function touched(history: History, id: string, change: (message: Message) => Message): History {
  const at = history.messages.findIndex(message => message.id === id);
  const found = history.messages[at];
  return found === undefined ? history : { ...history, messages: history.messages.with(at, change(found)) };
}

export const without = (history: History, id: string): History => ({
  ...history,
  messages: history.messages.filter(message => message.id !== id),
});

/** A message with a member's reaction, or without it. A person's own reaction counts once, however often it is said. */
export function reacted(message: Message, emoji: string, adds: boolean, own: boolean): Message {
  const found = message.reactions.find(reaction => reaction.emoji === emoji);
  if (own && (found?.mine ?? false) === adds) return message;
  if (found === undefined)
    return adds ? { ...message, reactions: [...message.reactions, { emoji, count: 1, mine: own }] } : message;
  const count = found.count + (adds ? 1 : -1);
  const next = { emoji, count, mine: own ? adds : found.mine };
  const reactions = message.reactions.map(reaction => (reaction === found ? next : reaction));
  return { ...message, reactions: reactions.filter(reaction => reaction.count > 0) };
}

/** The page's messages with the items that came after it was read; undefined when not all of those are kept. */
function upToDate(history: History, page: Page): readonly Message[] | undefined {
  const later = history.recent.filter(item => item.position > page.position);
  if (later.length === RecentMax) return undefined;
  return later.reduce<readonly Message[]>((messages, item) => changed(messages, item, history.me), page.messages);
}

/** A message after all that happened to it since it was sent; undefined when it was deleted. */
const current = (message: Message, { recent, me }: History): Message | undefined =>
  recent.reduce<readonly Message[]>((before, item) => changed(before, item, me), [message])[0];

/** The messages after an item that is no new message. */
function changed(messages: readonly Message[], item: Item, me: string): readonly Message[] {
  if (!isKnown(item) || !('messageId' in item.data)) return messages;
  const { messageId } = item.data;
  const at = messages.findIndex(message => message.id === messageId);
  const found = messages[at];
  if (found === undefined) return messages;
  switch (item.type) {
    case 'messageEdited':
      // By the time one sees whether the page had the edit already, as its text may be newer than its counts.
      if (found.editedAt !== null && Date.parse(item.at) <= Date.parse(found.editedAt)) return messages;
      return messages.with(at, { ...found, text: item.data.text, editedAt: item.at, edits: found.edits + 1 });
    case 'messageDeleted':
      return messages.toSpliced(at, 1);
    case 'reactionAdded':
    case 'reactionRemoved': {
      if (item.position <= found.exactAt) return messages;
      const { emoji, memberId } = item.data;
      const next = reacted(found, emoji, item.type === 'reactionAdded', memberId === me);
      return messages.with(at, { ...next, exactAt: item.position });
    }
    default:
      return messages;
  }
}

interface Sent {
  readonly messageId: string;
  readonly authorId: string;
  readonly text: string;
  readonly replyTo: string | null;
}

/** A message that nothing has happened to yet. */
export const sentIn = ({ messageId, authorId, text, replyTo }: Sent, sentAt: string, position: number): Message => ({
  id: messageId,
  authorId,
  text,
  replyTo,
  sentAt,
  editedAt: null,
  edits: 0,
  reactions: [],
  position,
  exactAt: position,
});
