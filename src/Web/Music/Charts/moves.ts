import type { components } from '@veza/client';

export type ChartEntry = components['schemas']['ChartEntryView'];

/** How an entry moved since the first chart of this view: places up, or new to it. */
export type Move = number | 'new';

/** The moves of a chart's entries since another one, by track. */
export function movesSince(before: readonly ChartEntry[], now: readonly ChartEntry[]): Map<string, Move> {
  const ranks = new Map(before.map(entry => [entry.track.id, entry.rank]));
  return new Map(
    now.map(({ track, rank }) => {
      const former = ranks.get(track.id);
      return [track.id, former === undefined ? 'new' : former - rank];
    }),
  );
}
