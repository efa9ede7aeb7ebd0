import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applied, type OpenCommunity } from './community';

const item = (position: number, type: string, data: object): Item =>
  ({ position, type, topics: [], at: '', by: null, data: { communityId: 'x', ...data } }) as never;
const start: OpenCommunity = {
  id: 'x',
  name: 'X',
  ownerId: 'ann',
  createdAt: '',
  memberCount: 1,
  channels: [{ id: 'a', name: 'general', kind: 'text', topic: null, slowModeSeconds: 0 }],
  members: [{ id: 'ann', userName: 'ann', status: 'online' }],
  position: 10,
  counted: 11,
  sanctionedAt: 0,
};

describe('an open community', () => {
  it('has channels as they are made, each once', () => {
    const made = (position: number): Item =>
      item(position, 'channelCreated', { channelId: 'b', name: 'b', kind: 'text', topic: null, slowModeSeconds: 5 });
    const next = [made(9), made(11), made(12)].reduce(applied, start);
    expect(next.channels.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('counts members who join and leave', () => {
    const joined = applied(start, item(12, 'memberJoined', { memberId: 'bob' }));
    expect(joined).toMatchObject({ memberCount: 2 });
    expect(joined.members.map(({ id }) => id)).toEqual(['ann', 'bob']);
    const left = applied(joined, item(13, 'memberLeft', { memberId: 'bob' }));
    expect(left).toMatchObject({ memberCount: 1 });
    expect(left.members.map(({ id }) => id)).toEqual(['ann']);
  });

  it('does not count again who is in the count', () =>
    expect(applied(start, item(11, 'memberJoined', { memberId: 'bob' }))).toMatchObject({ memberCount: 1 }));

  it('knows that its sanctions changed', () =>
    expect(applied(start, item(11, 'memberBanned', { memberId: 'bob' })).sanctionedAt).toBe(11));
});
