import type { Item, Update } from '@veza/client';
import { describe, expect, it, vi } from 'vitest';
import type { Shape } from './resource.svelte';

interface Followed {
  readonly topics: readonly string[];
  readonly place: { after?: number; signal: AbortSignal };
  readonly say: (update: Update) => void;
  readonly end: () => void;
}

const followed: Followed[] = [];
vi.mock('./live', () => ({
  follow: (topics: string[], place: Followed['place'], say: Followed['say']) =>
    new Promise<void>(resolve => followed.push({ topics, place, say, end: resolve })),
}));

const { Resource } = await import('./resource.svelte');

const item = (position: number): Item =>
  ({ position, type: 'said', topics: [], at: '', by: null, data: {} }) as unknown as Item;
const batch = (previous: number, ...positions: number[]): Update => ({
  kind: 'batch',
  epoch: 'e',
  previous,
  position: positions.at(-1) ?? previous,
  items: positions.map(item),
});

/** A state that lists the positions it was made from. */
function shape(reads: { state: number[]; position: number | undefined }[]): Shape<number[]> {
  return {
    read: () => Promise.resolve(reads.shift() ?? { state: [], position: undefined }),
    topics: () => ['channel:1'],
    apply: (state, { position }) => [...state, position],
  };
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve));
const newest = (): Followed => followed.at(-1) ?? expect.fail('nothing is followed');

describe('Resource', () => {
  it('folds the items after the position that was read', async () => {
    const made = new Resource<number[]>();
    void made.run(shape([{ state: [1, 2], position: 2 }]), new AbortController().signal);
    await settled();
    expect(newest().place.after).toBe(2);
    newest().say(batch(2, 3, 5));
    newest().say(batch(5, 6));
    expect(made.state).toEqual([1, 2, 3, 5, 6]);
  });

  it('goes on after an interruption without reading again', async () => {
    const made = new Resource<number[]>();
    const reads = [{ state: [1], position: 1 }, { state: [9], position: 9 }];
    void made.run(shape(reads), new AbortController().signal);
    await settled();
    newest().say({ kind: 'interrupted', reason: 'lost', detail: '' });
    newest().say(batch(1, 2));
    expect(made.state).toEqual([1, 2]);
    expect(reads).toHaveLength(1);
  });

  it('reads again when the server ended the subscription because it fell behind', async () => {
    const made = new Resource<number[]>();
    const reads = [{ state: [1], position: 1 }, { state: [1, 2, 3], position: 3 }];
    void made.run(shape(reads), new AbortController().signal);
    await settled();
    newest().say({ kind: 'fellBehind', epoch: 'e', head: 3 });
    newest().end();
    await settled();
    expect(made.state).toEqual([1, 2, 3]);
    expect(newest().place.after).toBe(3);
  });

  it('does not follow a state of the past', async () => {
    const before = followed.length;
    const made = new Resource<number[]>();
    await made.run(shape([{ state: [1], position: undefined }]), new AbortController().signal);
    expect(made.state).toEqual([1]);
    expect(followed).toHaveLength(before);
  });

  it('shows why it could not be read', async () => {
    const made = new Resource<number[]>();
    const failing = { ...shape([]), read: () => Promise.reject(new Error('away')) };
    await made.run(failing, new AbortController().signal);
    expect(made.error).toEqual(new Error('away'));
  });

  it('says nothing when its component is gone', async () => {
    const made = new Resource<number[]>();
    const ending = new AbortController();
    ending.abort();
    await made.run({ ...shape([]), read: () => Promise.reject(new Error('away')) }, ending.signal);
    expect(made.error).toBeUndefined();
  });
});
