import { describe, expect, it } from 'vitest';
import { visibleRows } from './window';

describe('the rows that a window shows', () => {
  it('are those in sight and some beyond', () => {
    expect(visibleRows(1_000, 40, 0, 400)).toEqual({ first: 0, end: 20 });
    expect(visibleRows(1_000, 40, 4_000, 400)).toEqual({ first: 90, end: 120 });
  });

  it('end with the last row', () => {
    expect(visibleRows(15, 40, 0, 400)).toEqual({ first: 0, end: 15 });
    expect(visibleRows(1_000, 40, 40_000, 400)).toEqual({ first: 990, end: 1_000 });
    expect(visibleRows(0, 40, 0, 400)).toEqual({ first: 0, end: 0 });
  });
});
