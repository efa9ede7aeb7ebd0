import type { Channel } from './community';

/** Channels that are listed together. */
export interface ChannelGroup {
  /** Undefined for the channels in no category. */
  readonly category: Channel | undefined;
  readonly channels: readonly Channel[];
}

/** Where a channel goes when it moves: the last place there that can be named, or the first. */
export interface Place {
  readonly categoryId: string | null;
  readonly afterChannelId: string | null;
}

// The sort is stable: equal ranks stay in the order of the list.
const byRank = (channels: readonly Channel[]): Channel[] => [...channels].sort((a, b) => a.rank - b.rank);

const isCategory = ({ kind }: Channel): boolean => kind === 'category';

/** The categories, the first one first. */
export const categoriesOf = (channels: readonly Channel[]): readonly Channel[] => byRank(channels.filter(isCategory));

/**
 * The channels as they are listed: those in no category, then each category with its own. A channel whose category
 * is not seen or is deleted comes last of those in none.
 */
export function grouped(channels: readonly Channel[]): readonly ChannelGroup[] {
  const categories = categoriesOf(channels);
  const rest = channels.filter(channel => !isCategory(channel));
  const seen = new Set<string | null>(categories.map(({ id }) => id));
  const inNone = byRank(rest.filter(({ categoryId }) => categoryId === null));
  const strays = byRank(rest.filter(({ categoryId }) => categoryId !== null && !seen.has(categoryId)));
  return [
    { category: undefined, channels: [...inNone, ...strays] },
    ...categories.map(category => ({
      category,
      channels: byRank(rest.filter(({ categoryId }) => categoryId === category.id)),
    })),
  ];
}

/** The channel that opens with a community: the first of the list. */
export const firstOf = (channels: readonly Channel[]): Channel | undefined =>
  grouped(channels).flatMap(group => group.channels)[0];

/** The channels, or the categories, among which one moves up and down. */
export function peersOf(groups: readonly ChannelGroup[], channel: Channel): readonly Channel[] {
  if (isCategory(channel)) return groups.flatMap(({ category }) => category ?? []);
  return groups.find(group => group.channels.includes(channel))?.channels ?? [];
}

/** Where a channel goes to be one place higher; undefined when it is the first. */
export function placeUp(groups: readonly ChannelGroup[], channel: Channel): Place | undefined {
  const peers = peersOf(groups, channel);
  const at = peers.indexOf(channel);
  return at > 0 ? placeAfter(groups, channel, peers.slice(0, at - 1)) : undefined;
}

/** Where a channel goes to be one place lower; undefined when it cannot. */
export function placeDown(groups: readonly ChannelGroup[], channel: Channel): Place | undefined {
  const peers = peersOf(groups, channel);
  const next = peers[peers.indexOf(channel) + 1];
  if (next === undefined || next.categoryId !== categoryIdOf(groups, channel)) return undefined;
  return { categoryId: next.categoryId, afterChannelId: next.id };
}

/** The last place in a category, or in none. */
export function placeIn(groups: readonly ChannelGroup[], categoryId: string | null): Place {
  const group = groups.find(({ category }) => (category?.id ?? null) === categoryId);
  return { categoryId, afterChannelId: lastIn(group?.channels ?? [], categoryId) };
}

/** The category in which a channel is listed. */
export const categoryIdOf = (groups: readonly ChannelGroup[], channel: Channel): string | null =>
  groups.find(group => group.channels.includes(channel))?.category?.id ?? null;

function placeAfter(groups: readonly ChannelGroup[], channel: Channel, before: readonly Channel[]): Place {
  const categoryId = categoryIdOf(groups, channel);
  return { categoryId, afterChannelId: lastIn(before, categoryId) };
}

/** The server takes no channel of another category, which those of an unseen one are. */
const lastIn = (channels: readonly Channel[], categoryId: string | null): string | null =>
  channels.filter(channel => channel.categoryId === categoryId).at(-1)?.id ?? null;
