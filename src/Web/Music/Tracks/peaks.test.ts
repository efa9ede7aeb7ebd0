import { describe, expect, it } from 'vitest';
import { barsOf, type Peaks } from './peaks';

const peaks = (...data: number[]): Peaks => ({
  version: 2,
  channels: 1,
  sample_rate: 44_100,
  samples_per_pixel: 256,
  bits: 8,
  length: data.length / 2,
  data,
});

describe('bars', () => {
  it('show the loudest of what they cover, in proportion to the loudest of all', () => {
    expect([...barsOf(peaks(-10, 5, -20, 64, 0, 0, -32, 1), 2)]).toEqual([1, 0.5]);
  });

  it('repeat points when there are more bars than points', () => {
    expect([...barsOf(peaks(-8, 8, -4, 4), 4)]).toEqual([1, 1, 0.5, 0.5]);
  });

  it('draw silence flat, and nothing for nothing', () => {
    expect([...barsOf(peaks(0, 0, 0, 0), 2)]).toEqual([0, 0]);
    expect([...barsOf(peaks(-1, 1), 1)]).toEqual([0.5]);
    expect([...barsOf(peaks(), 2)]).toEqual([0, 0]);
    expect(barsOf(peaks(-1, 1), 0).length).toBe(0);
  });
});
