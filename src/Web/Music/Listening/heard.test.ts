import { describe, expect, it } from 'vitest';
import { countedFromMs, hear, isDue, unheard, type Heard, type Reading } from './heard';

const read = (nowMs: number, positionMs: number, playing = true): Reading => ({ nowMs, positionMs, playing });
const after = (...readings: Reading[]): number => readings.reduce<Heard>(hear, unheard).heardMs;

describe('the time heard', () => {
  it('is how far the position moved while it played', () => {
    expect(after(read(0, 0), read(250, 250), read(1_000, 990))).toBe(990);
  });

  it('leaves out pauses', () => {
    expect(after(read(0, 0), read(1_000, 1_000, false), read(60_000, 1_000), read(61_000, 2_000))).toBe(2_000);
  });

  it('leaves out what was skipped, forwards and back', () => {
    expect(after(read(0, 0), read(1_000, 1_000), read(1_250, 90_000), read(2_250, 91_000))).toBe(2_000);
    expect(after(read(0, 50_000), read(1_000, 51_000), read(1_100, 0), read(2_100, 1_000))).toBe(2_000);
  });

  it('counts nothing while the sound waits for the network', () => {
    expect(after(read(0, 0), read(1_000, 1_000), read(9_000, 1_000), read(10_000, 2_000))).toBe(2_000);
  });

  it('is never more than the time that passed', () => {
    expect(after(read(0, 0), read(1_000, 1_600))).toBe(1_000);
    expect(after(read(1_000, 0), read(900, 100))).toBe(0);
  });

  it('counts a tab in the background, whose readings are far apart', () => {
    expect(after(read(0, 0), read(60_000, 60_000))).toBe(60_000);
  });
});

describe('a report', () => {
  it('is due every ten seconds, and when the play begins to count', () => {
    expect(isDue(9_999, 0, 200_000)).toBe(false);
    expect(isDue(10_000, 0, 200_000)).toBe(true);
    expect(isDue(30_000, 25_000, 200_000)).toBe(true);
    expect(isDue(30_500, 30_000, 200_000)).toBe(false);
    expect(isDue(1_000, 0, 2_000)).toBe(true);
  });

  it('counts after half the track, at most after half a minute', () => {
    expect([countedFromMs(2_001), countedFromMs(60_000), countedFromMs(3_600_000)]).toEqual([1_001, 30_000, 30_000]);
  });
});
