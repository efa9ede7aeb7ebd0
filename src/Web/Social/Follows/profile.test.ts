import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applyToProfile, type Account, type Profile } from './profile';

const profile = (id = 'ana'): Profile => ({
  account: { id, userName: id, followers: 3, following: 4, tracks: 5, followed: false } as unknown as Account,
  counted: 8,
  me: 'me',
});
const item = (type: string, data: object): Item =>
  ({ position: 9, type, topics: [], at: '', by: null, data }) as unknown as Item;

describe('a profile', () => {
  it('knows that the reader follows it', () => {
    const followed = applyToProfile(profile(), item('followStarted', { followerId: 'me', followeeId: 'ana' }));
    expect(followed.account).toMatchObject({ followed: true, followers: 4, following: 4 });
    const again = applyToProfile(followed, item('followStopped', { followerId: 'me', followeeId: 'ana' }));
    expect(again.account).toMatchObject({ followed: false, followers: 3 });
  });

  it('counts both sides of the own one', () => {
    const own = applyToProfile(profile('me'), item('followStarted', { followerId: 'bo', followeeId: 'me' }));
    expect(own.account).toMatchObject({ followers: 4, following: 4, followed: false });
    const both = applyToProfile(own, item('followStarted', { followerId: 'me', followeeId: 'bo' }));
    expect(both.account).toMatchObject({ followers: 4, following: 5 });
    expect(applyToProfile(own, item('trackUploaded', { ownerId: 'me', trackId: 't' })).account.tracks).toBe(6);
  });

  it('counts nothing that the numbers it was read with include', () => {
    const state = applyToProfile(
      { ...profile(), counted: 9 },
      item('followStarted', { followerId: 'me', followeeId: 'ana' }),
    );
    expect(state.account).toMatchObject({ followed: true, followers: 3 });
  });

  it('leaves other accounts alone', () => {
    const state = profile();
    expect(applyToProfile(state, item('trackUploaded', { ownerId: 'bo', trackId: 't' }))).toBe(state);
    expect(applyToProfile(state, item('followStarted', { followerId: 'me', followeeId: 'bo' }))).toBe(state);
  });
});
