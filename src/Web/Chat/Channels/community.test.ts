import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import type { Role } from '../Roles/roles';
import { applied, type Channel, type OpenCommunity } from './community';

const item = (position: number, type: string, data: object): Item =>
  ({ position, type, topics: [], at: '', by: null, data: { communityId: 'x', ...data } }) as never;
const everyone: Role = {
  id: 'x',
  name: 'everyone',
  colour: 0,
  rank: 0,
  permissions: 0n,
  hoisted: false,
  mentionable: false,
};
const general: Channel = {
  id: 'a',
  name: 'general',
  kind: 'text',
  topic: null,
  slowModeSeconds: 0,
  nsfw: false,
  categoryId: null,
  rank: 1,
};
const start: OpenCommunity = {
  me: 'ann',
  id: 'x',
  name: 'X',
  ownerId: 'ann',
  createdAt: '',
  memberCount: 1,
  channels: [general],
  members: [{ id: 'ann', userName: 'ann', status: 'online', roleIds: [] }],
  roles: [everyone],
  position: 10,
  counted: 11,
  sanctionedAt: 0,
  ruledAt: 10,
  permittedAt: 10,
};

describe('an open community', () => {
  it('has channels as they are made, each once', () => {
    const made = (position: number): Item =>
      item(position, 'channelCreated', { channelId: 'b', name: 'b', kind: 'text', topic: null, slowModeSeconds: 5 });
    const next = [made(9), made(11), made(12)].reduce(applied, start);
    expect(next.channels.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('has channels as they are changed, placed and deleted', () => {
    const change = { name: 'hall', topic: 'All of it', slowModeSeconds: 30, nsfw: true };
    const changed = applied(start, item(11, 'channelChanged', { channelId: 'a', ...change }));
    expect(changed.channels).toEqual([{ ...general, ...change }]);
    const placed = applied(changed, item(12, 'channelPlaced', { channelId: 'a', categoryId: 'c', rank: 2.5 }));
    expect(placed.channels).toEqual([{ ...general, ...change, categoryId: 'c', rank: 2.5 }]);
    expect(applied(placed, item(13, 'channelDeleted', { channelId: 'a' })).channels).toEqual([]);
  });

  it('takes no item about channels of another community', () => {
    const gone = item(11, 'channelDeleted', { communityId: 'y', channelId: 'a' });
    expect(applied(start, gone)).toEqual({ ...start, position: 11 });
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

  it('has roles as they are made, and members as they get and lose them', () => {
    const role = { name: 'Guest', colour: 0, rank: 1, permissions: '0', hoisted: false, mentionable: false };
    const made = applied(start, item(11, 'roleCreated', { roleId: 'guest', ...role }));
    expect(made.roles.map(({ id }) => id)).toEqual(['guest', 'x']);
    const given = [12, 13].reduce(
      (before, position) => applied(before, item(position, 'memberRoleGiven', { memberId: 'ann', roleId: 'guest' })),
      made,
    );
    expect(given.members[0]?.roleIds).toEqual(['guest']);
    const taken = applied(given, item(14, 'memberRoleTaken', { memberId: 'ann', roleId: 'guest' }));
    expect(taken.members[0]?.roleIds).toEqual([]);
  });

  it('knows when its rules changed, and when they changed for this person', () => {
    const moved = applied(start, item(11, 'memberRoleGiven', { memberId: 'bob', roleId: 'guest' }));
    expect(moved).toMatchObject({ ruledAt: 11, permittedAt: 10 });
    const own = applied(moved, item(12, 'memberRoleGiven', { memberId: 'ann', roleId: 'guest' }));
    expect(own).toMatchObject({ ruledAt: 12, permittedAt: 12 });
    const gone = applied(own, item(13, 'roleDeleted', { roleId: 'guest' }));
    expect(gone).toMatchObject({ ruledAt: 13, permittedAt: 13 });
    const silenced = applied(gone, item(14, 'memberTimedOut', { memberId: 'ann' }));
    expect(silenced).toMatchObject({ ruledAt: 14, permittedAt: 14, sanctionedAt: 14 });
    const other = applied(silenced, item(15, 'memberTimeOutEnded', { memberId: 'bob' }));
    expect(other).toMatchObject({ ruledAt: 15, permittedAt: 14, sanctionedAt: 15 });
  });

  it('takes no item about roles of another community', () => {
    const given = item(11, 'memberRoleGiven', { communityId: 'y', memberId: 'ann', roleId: 'guest' });
    expect(applied(start, given)).toEqual({ ...start, position: 11 });
  });

  it('takes no item twice', () =>
    expect(applied(start, item(10, 'memberRoleGiven', { memberId: 'ann', roleId: 'guest' }))).toBe(start));
});
