import { describe, expect, it } from 'vitest';
import * as q from './queue';

const track = (id: string): q.QueuedTrack => ({ id, title: id, ownerId: 'o', ownerName: 'ana', durationMs: 1_000 });
const queueOf = (...ids: string[]): q.Queue => q.replace(q.empty, ids.map(track));
const ids = (queue: q.Queue): string => queue.entries.map(entry => entry.track.id).join('');
const now = (queue: q.Queue | undefined): string | undefined => queue && q.present(queue)?.track.id;
const keyOf = (queue: q.Queue, id: string): number => queue.entries.find(entry => entry.track.id === id)?.key ?? -1;
/** The same numbers in each run. */
function chance(seed = 7): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe('the queue', () => {
  it('begins with the chosen track, and has the others around it', () => {
    const queue = q.replace(q.empty, ['a', 'b', 'c'].map(track), 1);
    expect([ids(queue), now(queue)]).toEqual(['abc', 'b']);
    expect(now(q.previous(queue))).toBe('a');
    expect(now(q.next(queue))).toBe('c');
  });

  it('plays a track next, or at the end', () => {
    const queue = queueOf('a', 'b');
    expect(ids(q.insert(queue, [track('x'), track('y')], 'next'))).toBe('axyb');
    expect(ids(q.insert(queue, [track('x')], 'end'))).toBe('abx');
    expect(now(q.insert(q.empty, [track('x')], 'end'))).toBe('x');
  });

  it('takes no more than it may hold', () => {
    const many = Array.from({ length: q.EntriesMax + 10 }, (_, i) => track(`${i}`));
    const full = q.replace(q.empty, many, q.EntriesMax + 5);
    expect(full.entries.length).toBe(q.EntriesMax);
    expect(now(full)).toBe(`${q.EntriesMax + 5}`);
    expect(q.insert(full, [track('x')], 'end').entries.length).toBe(q.EntriesMax);
  });

  it('goes on with the next track when the present one is removed', () => {
    const queue = { ...queueOf('a', 'b', 'c'), at: 1 };
    expect(now(q.remove(queue, keyOf(queue, 'b')))).toBe('c');
    expect(now(q.remove(queue, keyOf(queue, 'a')))).toBe('b');
    const last = { ...queue, at: 2 };
    expect(now(q.remove(last, keyOf(last, 'c')))).toBe('b');
    expect(q.remove(queueOf('a'), 1)).toMatchObject({ entries: [], at: -1 });
  });

  it('moves entries without interrupting the present one', () => {
    const queue = { ...queueOf('a', 'b', 'c', 'd'), at: 1 };
    const moved = q.move(queue, keyOf(queue, 'd'), 0);
    expect([ids(moved), now(moved)]).toEqual(['dabc', 'b']);
    const present = q.move(queue, keyOf(queue, 'b'), 99);
    expect([ids(present), now(present)]).toEqual(['acdb', 'b']);
    expect(q.move(queue, 999, 0)).toBe(queue);
  });

  it('ends, repeats all, or repeats one', () => {
    const last = { ...queueOf('a', 'b'), at: 1 };
    expect(q.ended(last)).toBeUndefined();
    expect(now(q.ended({ ...last, repeat: 'all' }))).toBe('a');
    expect(now(q.ended({ ...last, repeat: 'one' }))).toBe('b');
    expect(q.next({ ...last, repeat: 'one' })).toBeUndefined();
    expect(['off', 'all', 'one', 'off']).toEqual([
      last.repeat,
      q.nextRepeat(last).repeat,
      q.nextRepeat(q.nextRepeat(last)).repeat,
      q.nextRepeat(q.nextRepeat(q.nextRepeat(last))).repeat,
    ]);
  });

  it('shuffles what comes, and restores the order with what came since', () => {
    const queue = { ...queueOf(...'abcdefgh'), at: 2 };
    const shuffled = q.toggleShuffle(queue, chance());
    expect(ids(shuffled).slice(0, 3)).toBe('abc');
    expect([...ids(shuffled)].toSorted().join('')).toBe('abcdefgh');
    expect(ids(shuffled)).not.toBe('abcdefgh');
    const changed = q.insert(q.remove(shuffled, keyOf(shuffled, 'e')), [track('x')], 'next');
    const restored = q.toggleShuffle(changed, chance());
    expect([ids(restored), now(restored)]).toEqual(['abcdfghx', 'c']);
  });

  it('is kept over a reload, and nothing else is taken for one', () => {
    const queue = q.toggleShuffle({ ...queueOf('a', 'b', 'c'), at: 1, repeat: 'all' }, chance());
    expect(q.parse(JSON.stringify(queue))).toEqual(queue);
    for (const other of [null, '', '{', '7', 'null', '{"entries":[{}]}', '{"entries":7}'])
      expect(q.parse(other)).toEqual(q.empty);
    expect(q.parse(JSON.stringify({ ...queue, at: 99, repeat: 'never' }))).toMatchObject({ at: 2, repeat: 'off' });
    const added = q.insert(q.parse(JSON.stringify(queue)), [track('d')], 'end');
    expect(new Set(added.entries.map(entry => entry.key)).size).toBe(4);
  });
});
