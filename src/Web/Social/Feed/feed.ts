import { isKnown, type components, type Item } from '@veza/client';

export type FeedEntry = components['schemas']['FeedEntryView'];

export interface Feed {
  /** Newest first. */
  readonly entries: readonly FeedEntry[];
  readonly more: boolean;
  /** The position of an item whose entry must be read: an item names a track and a person by their ids alone. */
  readonly behind: number;
  /** Whether entries may have gone, so that what is read replaces the list. */
  readonly replaced: boolean;
  readonly me: string;
}

/** Entries of both, each once, newest first. */
export function withEntries(feed: Feed, read: readonly FeedEntry[], upTo: number): Feed {
  const all = new Map((feed.replaced ? [] : feed.entries).map(entry => [entry.position, entry]));
  for (const entry of read) all.set(entry.position, entry);
  const entries = [...all.values()].sort((a, b) => b.position - a.position);
  // Another item may have come while this was read.
  const done = feed.behind <= upTo;
  return { ...feed, entries, behind: done ? 0 : feed.behind, replaced: !done && feed.replaced };
}

/** The feed after an item of the reader's account, which has the activities of those the reader follows. */
export function applyToFeed(feed: Feed, item: Item): Feed {
  if (!isKnown(item)) return feed;
  switch (item.type) {
    case 'trackUploaded':
    case 'broadcastStarted':
      return item.data.ownerId === feed.me ? feed : { ...feed, behind: item.position };
    case 'trackReposted':
      return item.data.accountId === feed.me ? feed : { ...feed, behind: item.position };
    case 'followStarted':
      return item.data.followerId === feed.me ? { ...feed, behind: item.position } : feed;
    case 'followStopped':
      return item.data.followerId === feed.me ? { ...feed, behind: item.position, replaced: true } : feed;
    case 'trackRepostRemoved': {
      const { trackId, accountId } = item.data;
      return without(feed, e => e.kind === 'repost' && e.track?.id === trackId && e.actor.id === accountId);
    }
    case 'trackProcessingFailed':
      return without(feed, e => e.track?.id === item.data.trackId);
    case 'broadcastEnded':
      return without(feed, e => e.broadcast?.id === item.data.broadcastId);
    default:
      return feed;
  }
}

function without(feed: Feed, gone: (entry: FeedEntry) => boolean): Feed {
  const entries = feed.entries.filter(entry => !gone(entry));
  return entries.length === feed.entries.length ? feed : { ...feed, entries };
}
