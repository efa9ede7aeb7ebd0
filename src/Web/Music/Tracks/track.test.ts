import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applyToTrack, stateOf, withComments, type Comment, type Track, type TrackState } from './track';

const comment = (id: string, atMs: number, position: number): Comment => ({
  id,
  author: { id: 'bo', userName: 'bo' },
  text: id,
  atMs,
  createdAt: '',
  position,
});

const track = {
  id: 't',
  owner: { id: 'ana', userName: 'ana' },
  status: 'processing',
  renditions: [],
  waveforms: [],
  plays: 1,
  likes: 2,
  reposts: 0,
  comments: 1,
  liked: false,
  reposted: false,
} as unknown as Track;

const item = (type: string, data: object, position = 10): Item =>
  ({ position, type, topics: [], at: 'now', by: null, data: { trackId: 't', ...data } }) as unknown as Item;

const start = (): TrackState => stateOf(track, [comment('b', 5_000, 2), comment('a', 1_000, 3)], 9, 'me');
const after = (...items: Item[]): TrackState => items.reduce(applyToTrack, start());

describe('a track', () => {
  it('has its comments in the order of their moments', () => {
    expect(start().comments.map(one => one.id)).toEqual(['a', 'b']);
    const state = after(item('trackCommented', { commentId: 'c', authorId: 'bo', text: 'c', atMs: 3_000 }));
    expect(state.comments.map(one => one.id)).toEqual(['a', 'c', 'b']);
    expect(state.track.comments).toBe(2);
  });

  it('has a comment once, whichever comes first', () => {
    const own = withComments(start(), [comment('c', 3_000, 10)]);
    const state = applyToTrack(own, item('trackCommented', { commentId: 'c', authorId: 'me', text: 'c', atMs: 3_000 }));
    expect(state.comments.filter(one => one.id === 'c')).toHaveLength(1);
  });

  it('becomes ready with its copies, or fails with a reason', () => {
    const renditions = [{ format: 'opus', bitrateKbps: 128, bytes: 1 }];
    const ready = after(item('trackProcessed', { renditions }));
    expect([ready.track.status, ready.track.renditions.length, ready.track.waveforms]).toEqual(['ready', 1, []]);
    expect(ready.readyAt).toBe(item('trackProcessed', { renditions }).position);
    const failed = after(item('trackProcessingFailed', { reason: 'too odd' }));
    expect([failed.track.status, failed.track.failure]).toEqual(['failed', 'too odd']);
  });

  it('counts likes, reposts and plays, and knows the own ones', () => {
    const state = after(
      item('trackLiked', { accountId: 'bo' }),
      item('trackLiked', { accountId: 'me' }),
      item('trackUnliked', { accountId: 'bo' }),
      item('trackReposted', { accountId: 'me' }),
      item('playCounted', {}),
    );
    expect(state.track).toMatchObject({ likes: 3, liked: true, reposts: 1, reposted: true, plays: 2 });
    const undone = [item('trackUnliked', { accountId: 'me' }), item('trackRepostRemoved', { accountId: 'me' })];
    expect(undone.reduce(applyToTrack, state).track).toMatchObject({ liked: false, reposted: false, reposts: 0 });
  });

  it('counts nothing that the numbers it was read with include', () => {
    const state = after(item('trackLiked', { accountId: 'me' }, 9), item('playCounted', {}, 8));
    expect(state.track).toMatchObject({ likes: 2, plays: 1, liked: true });
  });

  it('leaves other tracks and unknown items alone', () => {
    const state = start();
    expect(applyToTrack(state, item('trackLiked', { trackId: 'other', accountId: 'me' }))).toBe(state);
    expect(applyToTrack(state, item('somethingNew', {}))).toBe(state);
  });
});
