import { describe, expect, it } from 'vitest';
import { movesSince, type ChartEntry } from './moves';

const chart = (...ids: string[]): ChartEntry[] =>
  ids.map((id, i) => ({ rank: i + 1, track: { id }, plays: 1, score: 1 }) as unknown as ChartEntry);

describe('moves', () => {
  it('are places up or down, or that the entry is new', () => {
    const moves = movesSince(chart('a', 'b', 'c'), chart('c', 'x', 'a', 'b'));
    expect([...moves]).toEqual([
      ['c', 2],
      ['x', 'new'],
      ['a', -2],
      ['b', -2],
    ]);
    expect([...movesSince(chart('a'), chart('a'))]).toEqual([['a', 0]]);
  });
});
