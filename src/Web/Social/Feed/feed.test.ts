import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applyToFeed, withEntries, type Feed, type FeedEntry } from './feed';

const entry = (position: number, kind = 'upload', trackId = `t${position}`): FeedEntry =>
  ({ position, kind, actor: { id: 'bo', userName: 'bo' }, track: { id: trackId } }) as unknown as FeedEntry;

const feed = (...entries: FeedEntry[]): Feed => ({ entries, more: false, behind: 0, replaced: false, me: 'me' });

const item = (position: number, type: string, data: object): Item =>
  ({ position, type, topics: [], at: '', by: null, data }) as unknown as Item;

const positions = (of: Feed): number[] => of.entries.map(one => one.position);

describe('the feed', () => {
  it('reads what followed people did, and nothing of what the reader did', () => {
    expect(applyToFeed(feed(), item(9, 'trackUploaded', { trackId: 't', ownerId: 'bo' })).behind).toBe(9);
    expect(applyToFeed(feed(), item(9, 'trackReposted', { trackId: 't', accountId: 'bo' })).behind).toBe(9);
    for (const own of [
      item(9, 'trackUploaded', { trackId: 't', ownerId: 'me' }),
      item(9, 'trackReposted', { trackId: 't', accountId: 'me' }),
      item(9, 'followStarted', { followerId: 'bo', followeeId: 'me' }),
      item(9, 'trackLiked', { trackId: 't', accountId: 'bo' }),
    ])
      expect(applyToFeed(feed(), own)).toEqual(feed());
  });

  it('has each entry once, newest first', () => {
    const state = withEntries({ ...feed(entry(5), entry(3)), behind: 9 }, [entry(9), entry(5)], 9);
    expect(positions(state)).toEqual([9, 5, 3]);
    expect(state.behind).toBe(0);
  });

  it('reads again when another item came meanwhile', () => {
    const state = withEntries({ ...feed(), behind: 12 }, [entry(9)], 9);
    expect([positions(state), state.behind]).toEqual([[9], 12]);
  });

  it('loses the entries of a person who is no longer followed', () => {
    const stopped = applyToFeed(feed(entry(5)), item(9, 'followStopped', { followerId: 'me', followeeId: 'bo' }));
    expect(positions(withEntries(stopped, [entry(3)], 9))).toEqual([3]);
  });

  it('loses a removed repost and a failed track', () => {
    const state = feed(entry(5, 'repost', 't'), entry(4, 'upload', 't'), entry(3));
    const removed = applyToFeed(state, item(9, 'trackRepostRemoved', { trackId: 't', accountId: 'bo' }));
    expect(positions(removed)).toEqual([4, 3]);
    const failed = applyToFeed(state, item(9, 'trackProcessingFailed', { trackId: 't', ownerId: 'bo', reason: '' }));
    expect(positions(failed)).toEqual([3]);
  });
});
