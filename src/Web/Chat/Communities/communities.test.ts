import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applied, changed, read, unreadIn, unreadOf, withCommunity, type Mine } from './communities';

const item = (position: number, type: string, data: object): Item =>
  ({ position, type, topics: [], at: '', by: null, data }) as never;
const sent = (position: number, channelId = 'a', authorId = 'ann'): Item =>
  item(position, 'messageSent', { messageId: `m${position}`, channelId, authorId, text: '', replyTo: null });
const start: Mine = {
  me: 'me',
  position: 10,
  missing: [],
  communities: [
    {
      id: 'x',
      name: 'X',
      ownerId: 'ann',
      channels: [
        { id: 'a', upTo: 5, before: 2, exactAt: 12, since: [] },
        { id: 'b', upTo: 5, before: 0, exactAt: 12, since: [] },
      ],
    },
  ],
};
const fold = (mine: Mine, ...items: Item[]): Mine => items.reduce(applied, mine);
const counts = (mine: Mine): number[] => mine.communities.flatMap(({ channels }) => channels.map(unreadIn));

describe('my communities', () => {
  it('count messages of others after the position of the count', () => {
    const mine = fold(start, sent(11), sent(12), sent(13), sent(14, 'b'), sent(15, 'a', 'me'), sent(13));
    expect(counts(mine)).toEqual([3, 1]);
    expect(unreadOf(mine.communities[0]!)).toBe(4);
  });

  it('take a deleted message out of the count', () =>
    expect(
      counts(fold(start, sent(13), item(14, 'messageDeleted', { messageId: 'm13', channelId: 'a', byMemberId: 'x' }))),
    ).toEqual([2, 0]));

  it('are read by another device', () => {
    const mine = fold(start, sent(13), sent(14), item(15, 'channelRead', { channelId: 'a', memberId: 'me', upTo: 13 }));
    expect(counts(mine)).toEqual([1, 0]);
    expect(counts(fold(mine, item(16, 'channelRead', { channelId: 'a', memberId: 'me', upTo: 9 })))).toEqual([1, 0]);
  });

  it('are read here, with what is known to be after it', () => {
    expect(counts(read(start, 'a', 7, 1))).toEqual([1, 0]);
    expect(counts(read(fold(start, sent(13)), 'a', 13, 0))).toEqual([0, 0]);
  });

  it('have channels that are made', () =>
    expect(
      counts(fold(start, item(13, 'channelCreated', { channelId: 'c', communityId: 'x' }), sent(14, 'c'))),
    ).toEqual([2, 0, 1]));

  it('have no unread messages in a category', () => {
    const made = item(13, 'channelCreated', { channelId: 'c', communityId: 'x', kind: 'category' });
    expect(counts(fold(start, made))).toEqual([2, 0]);
  });

  it('lose a deleted channel with its unread messages', () => {
    const gone = fold(start, sent(13), item(14, 'channelDeleted', { channelId: 'a', communityId: 'x' }));
    expect(counts(gone)).toEqual([0]);
    expect(unreadOf(gone.communities[0]!)).toBe(0);
  });

  it('are read again when other channels are seen, and keep what is known of those that stay', () => {
    const counted = fold(changed(changed(start, 'x'), 'x'), sent(13));
    expect(counted.missing).toEqual(['x', 'x']);
    const created = fold(counted, item(20, 'channelCreated', { channelId: 'c', communityId: 'x' }));
    const channels = ['a', 'd'].map(id => ({ id, upTo: 5, before: 0, exactAt: 15, since: [] }));
    const known = withCommunity(created, { id: 'x', name: 'X', ownerId: 'ann', channels }, 15);
    expect(known.missing).toEqual(['x']);
    expect(known.communities[0]!.channels.map(({ id }) => id)).toEqual(['a', 'd', 'c']);
    expect(counts(known)).toEqual([3, 0, 0]);
    expect(changed(start, 'other').missing).toEqual([]);
  });

  it('want what was joined, and lose what was left', () => {
    const joined = fold(start, item(13, 'memberJoined', { communityId: 'y', memberId: 'me' }));
    expect(joined.missing).toEqual(['y']);
    const known = withCommunity(joined, { id: 'y', name: 'Y', ownerId: 'bob', channels: [] });
    expect(known.missing).toEqual([]);
    expect(known.communities.map(({ id }) => id)).toEqual(['x', 'y']);
    const gone = fold(known, item(14, 'memberLeft', { communityId: 'x', memberId: 'me' }));
    expect(gone.communities.map(({ id }) => id)).toEqual(['y']);
    expect(fold(start, item(13, 'memberLeft', { communityId: 'x', memberId: 'bob' })).communities).toHaveLength(1);
  });

  it('know until when this person may only read', () => {
    const until = '2026-01-01T00:00:00Z';
    const out = fold(start, item(13, 'memberTimedOut', { communityId: 'x', memberId: 'me', until }));
    expect(out.communities[0]?.timedOutUntil).toBe(until);
    const ended = fold(out, item(14, 'memberTimeOutEnded', { communityId: 'x', memberId: 'me' }));
    expect(ended.communities[0]?.timedOutUntil).toBeUndefined();
  });
});
