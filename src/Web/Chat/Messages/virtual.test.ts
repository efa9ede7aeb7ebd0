import { describe, expect, it } from 'vitest';
import { anchorIn, heightOf, layout, rowAt, seen, topFor } from './virtual';

const heights: Record<string, number> = { older: 100, a: 10, b: 20, c: 30, d: 40 };
const of = (...keys: string[]): ReturnType<typeof layout> => layout(keys, key => heights[key] ?? 50);
const mayHold = (key: string): boolean => key !== 'older';

describe('a virtual list', () => {
  it('sums heights', () => {
    expect(of('a', 'b', 'c').tops).toEqual([0, 10, 30, 60]);
    expect(heightOf(of())).toBe(0);
  });

  it('finds rows by place', () => {
    const list = of('a', 'b', 'c');
    expect([-5, 0, 9, 10, 29, 30, 999].map(y => rowAt(list, y))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  });

  it('shows what is seen and a little more', () => {
    const list = layout(Array.from({ length: 100_000 }, (_, i) => `${i}`), () => 10);
    expect(seen(list, 5000, 100, 50)).toEqual({ from: 495, to: 516 });
    expect(seen(list, 0, 100, 50)).toEqual({ from: 0, to: 16 });
    expect(seen(of(), 0, 100, 50)).toEqual({ from: 0, to: 0 });
  });

  it('keeps the row under the eye when rows are put before it', () => {
    const before = of('older', 'c', 'd', 'e');
    const anchor = anchorIn(before, 90, mayHold);
    expect(anchor).toEqual({ key: 'd', offset: 40 });
    const after = of('older', 'a', 'b', 'c', 'd', 'e');
    expect(topFor(after, anchor!)).toBe(120);
  });

  it('keeps it when the heading of the first row goes away', () => {
    const anchor = anchorIn(of('older', 'c', 'd'), 0, mayHold);
    expect(anchor?.key).toBe('d');
  });

  it('holds the only row it has', () => {
    expect(anchorIn(of('older', 'c'), 110, mayHold)).toEqual({ key: 'c', offset: -10 });
    expect(anchorIn(of('older'), 0, mayHold)).toBeUndefined();
  });

  it('knows when the row is gone', () => expect(topFor(of('a'), { key: 'z', offset: 0 })).toBeUndefined());
});
