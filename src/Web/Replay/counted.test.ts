import { describe, expect, it, vi } from 'vitest';

vi.mock('../Http/api', () => ({ api: {} }));
const { typeInWords, withTotals } = await import('./counted');

const changes = (...list: number[]) =>
  list.map((change, i) => ({ position: i + 1, at: '', type: 'track_liked', change, accountId: null }));

describe('the events behind a number', () => {
  it('add up to it', () => {
    expect(withTotals(changes(1, 1, -1, 1)).map(row => row.total)).toEqual([1, 2, 1, 2]);
    expect(withTotals([])).toEqual([]);
  });

  it('are named as in the log, in words', () => {
    expect(typeInWords('track_repost_removed')).toBe('Track repost removed');
    expect(typeInWords('playCounted')).toBe('Play counted');
  });
});
