/** What the player shows of a track, kept with the queue. */
export interface QueuedTrack {
  readonly id: string;
  readonly title: string;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly durationMs: number;
}

/** A place in the queue; the same track may have several. */
export interface Entry {
  readonly key: number;
  readonly track: QueuedTrack;
}

export type Repeat = 'off' | 'all' | 'one';

/** What plays now, before and after it. All functions here answer another queue. */
export interface Queue {
  /** In the order in which they play. */
  readonly entries: readonly Entry[];
  /** The index of the present entry; −1 of an empty queue. */
  readonly at: number;
  readonly repeat: Repeat;
  /** The keys in the order before it was shuffled; undefined when it is not. */
  readonly unshuffled: readonly number[] | undefined;
  readonly lastKey: number;
}

/** As many as a day of music has; all of them are kept on the device. */
export const EntriesMax = 500;

export const empty: Queue = { entries: [], at: -1, repeat: 'off', unshuffled: undefined, lastKey: 0 };

export const present = (queue: Queue): Entry | undefined => queue.entries[queue.at];

function entriesOf(queue: Queue, tracks: readonly QueuedTrack[]): Entry[] {
  return tracks.map((track, i) => ({ key: queue.lastKey + 1 + i, track }));
}

/** Replaces the queue by these tracks, and begins with the one at `at`. */
export function replace(queue: Queue, tracks: readonly QueuedTrack[], at = 0): Queue {
  const from = Math.max(0, at - EntriesMax + 1);
  const kept = tracks.slice(from, from + EntriesMax);
  if (kept.length === 0) return { ...empty, repeat: queue.repeat, lastKey: queue.lastKey };
  const entries = entriesOf(queue, kept);
  return { ...queue, entries, at: at - from, unshuffled: undefined, lastKey: queue.lastKey + entries.length };
}

/** Puts tracks behind the present one, or at the end. A full queue takes no more. */
export function insert(queue: Queue, tracks: readonly QueuedTrack[], where: 'next' | 'end'): Queue {
  const added = entriesOf(queue, tracks.slice(0, EntriesMax - queue.entries.length));
  const index = where === 'next' ? queue.at + 1 : queue.entries.length;
  return {
    ...queue,
    entries: queue.entries.toSpliced(index, 0, ...added),
    at: queue.at === -1 && added.length > 0 ? 0 : queue.at,
    unshuffled: queue.unshuffled && [...queue.unshuffled, ...added.map(entry => entry.key)],
    lastKey: queue.lastKey + added.length,
  };
}

/** Without an entry. When it is the present one, the next takes its place, or else the one before. */
export function remove(queue: Queue, key: number): Queue {
  const index = queue.entries.findIndex(entry => entry.key === key);
  if (index === -1) return queue;
  const entries = queue.entries.toSpliced(index, 1);
  const at = index < queue.at ? queue.at - 1 : Math.min(queue.at, entries.length - 1);
  return { ...queue, entries, at, unshuffled: queue.unshuffled?.filter(one => one !== key) };
}

/** Moves an entry to another index. The present entry stays the present one. */
export function move(queue: Queue, key: number, to: number): Queue {
  const from = queue.entries.findIndex(entry => entry.key === key);
  const entry = queue.entries[from];
  const target = Math.min(Math.max(0, to), queue.entries.length - 1);
  if (entry === undefined || from === target) return queue;
  const entries = queue.entries.toSpliced(from, 1).toSpliced(target, 0, entry);
  const playing = present(queue)?.key;
  return { ...queue, entries, at: entries.findIndex(one => one.key === playing) };
}

export const jump = (queue: Queue, key: number): Queue => {
  const at = queue.entries.findIndex(entry => entry.key === key);
  return at === -1 ? queue : { ...queue, at };
};

/** The queue at the next entry; undefined at its end, unless it repeats. */
export function next(queue: Queue): Queue | undefined {
  if (queue.at + 1 < queue.entries.length) return { ...queue, at: queue.at + 1 };
  return queue.repeat === 'all' && queue.entries.length > 0 ? { ...queue, at: 0 } : undefined;
}

/** The queue after the present entry was heard to its end. */
export const ended = (queue: Queue): Queue | undefined => (queue.repeat === 'one' ? { ...queue } : next(queue));

export function previous(queue: Queue): Queue | undefined {
  if (queue.at > 0) return { ...queue, at: queue.at - 1 };
  const last = queue.entries.length - 1;
  return queue.repeat === 'all' && last >= 0 ? { ...queue, at: last } : undefined;
}

export const repeats: readonly Repeat[] = ['off', 'all', 'one'];

export const nextRepeat = (queue: Queue): Queue => ({
  ...queue,
  repeat: repeats[(repeats.indexOf(queue.repeat) + 1) % repeats.length] ?? 'off',
});

/** Plays the entries behind the present one in a random order; again, and all have their old order. */
export function toggleShuffle(queue: Queue, random: () => number): Queue {
  const playing = present(queue)?.key;
  if (queue.unshuffled !== undefined) {
    const order = new Map(queue.unshuffled.map((key, i) => [key, i]));
    const entries = queue.entries.toSorted((a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0));
    return { ...queue, entries, at: entries.findIndex(one => one.key === playing), unshuffled: undefined };
  }
  const entries = [...queue.entries];
  for (let i = entries.length - 1; i > queue.at + 1; i--) {
    const j = queue.at + 1 + Math.floor(random() * (i - queue.at));
    const [a, b] = [entries[i], entries[j]];
    if (a === undefined || b === undefined) continue;
    entries[i] = b;
    entries[j] = a;
  }
  return { ...queue, entries, unshuffled: queue.entries.map(entry => entry.key) };
}

/** A queue that was kept as JSON; an empty one for anything else. */
export function parse(json: string | null): Queue {
  try {
    const found = JSON.parse(json ?? '') as Partial<Queue>;
    const entries = (found.entries ?? []).filter(isEntry).slice(0, EntriesMax);
    if (entries.length === 0) return empty;
    const at = Number.isInteger(found.at) ? Math.min(Math.max(0, found.at ?? 0), entries.length - 1) : 0;
    const repeat = found.repeat !== undefined && repeats.includes(found.repeat) ? found.repeat : 'off';
    const keys = new Set(entries.map(entry => entry.key));
    const unshuffled = found.unshuffled?.filter(key => keys.has(key));
    return { entries, at, repeat, unshuffled, lastKey: Math.max(...keys) };
  } catch {
    return empty;
  }
}

function isEntry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return (
    typeof entry?.key === 'number' &&
    typeof entry.track?.id === 'string' &&
    typeof entry.track.title === 'string' &&
    typeof entry.track.durationMs === 'number'
  );
}
