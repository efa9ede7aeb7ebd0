import { describe, expect, it } from 'vitest';
import { fromField, momentAt, moved, rounded, shareOf, stepFor, toField, type Span } from './scale';

const nowMs = Date.UTC(2026, 10, 30, 12);
const ago = (ms: number): Span => ({ fromMs: nowMs - ms, nowMs });
const Minute = 60_000;
const Hour = 60 * Minute;
const Day = 24 * Hour;

describe('the scale of the slider', () => {
  it.each([3 * Minute, Day, 400 * Day])('goes from the beginning to now over %d ms', ms => {
    const span = ago(ms);
    expect(momentAt(0, span)).toBe(span.fromMs);
    expect(momentAt(1, span)).toBe(nowMs);
    expect(shareOf(span.fromMs, span)).toBeCloseTo(0);
    expect(shareOf(nowMs, span)).toBe(1);
  });

  it('finds the place of a moment again', () => {
    const span = ago(30 * Day);
    for (const share of [0.1, 0.25, 0.5, 0.9]) expect(shareOf(momentAt(share, span), span)).toBeCloseTo(share, 4);
  });

  it('gives a year and the last hour both room', () => {
    const span = ago(365 * Day);
    expect(1 - shareOf(nowMs - Hour, span)).toBeGreaterThan(0.15);
    expect(shareOf(nowMs - 180 * Day, span)).toBeGreaterThan(0.05);
  });

  it('is nearly even over a few minutes', () => {
    expect(nowMs - momentAt(0.5, ago(2 * Minute))).toBeCloseTo(Minute, -4);
  });

  it('keeps moments outside the stretch at its ends', () => {
    const span = ago(Day);
    expect(shareOf(nowMs - 2 * Day, span)).toBeCloseTo(0);
    expect(shareOf(nowMs + Hour, span)).toBe(1);
  });

  it('rounds no further than the stretch allows, and never before the beginning', () => {
    expect(rounded(nowMs - 1_234, ago(Minute))).toBe(nowMs - 1_200);
    expect(rounded(nowMs - 1_234, ago(Day))).toBe(nowMs - 1_000);
    expect(rounded(nowMs - 61_234, ago(30 * Day))).toBe(nowMs - Minute);
    const odd: Span = { fromMs: nowMs - Day - 745, nowMs };
    expect(rounded(odd.fromMs + 1, odd)).toBe(odd.fromMs);
  });

  it('leaves the beginning as it is', () => {
    const short: Span = { fromMs: nowMs - 2_039, nowMs };
    expect(rounded(short.fromMs, short)).toBe(short.fromMs);
  });
});

describe('the keys of the slider', () => {
  const span = ago(3 * Day);

  it('move by the step, a larger one, and to the ends', () => {
    expect(moved('ArrowLeft', nowMs - Day, 'minute', span)).toBe(nowMs - Day - Minute);
    expect(moved('ArrowUp', nowMs - Day, 'hour', span)).toBe(nowMs - Day + Hour);
    expect(moved('PageDown', nowMs - Day, 'hour', span)).toBe(nowMs - Day - 6 * Hour);
    expect(moved('Home', nowMs, 'day', span)).toBe(span.fromMs);
    expect(moved('End', span.fromMs, 'day', span)).toBe(nowMs);
  });

  it('stop at the ends, and leave other keys alone', () => {
    expect(moved('ArrowRight', nowMs, 'day', span)).toBe(nowMs);
    expect(moved('PageDown', span.fromMs + 1, 'day', span)).toBe(span.fromMs);
    expect(moved('Tab', nowMs, 'day', span)).toBeUndefined();
  });

  it('take steps that fit the stretch', () => {
    expect([Minute, Hour, 3 * Day, 90 * Day].map(ms => stepFor(ago(ms)))).toEqual(['second', 'minute', 'hour', 'day']);
  });
});

describe('the field for a moment', () => {
  it('holds a moment to the second', () => {
    expect(fromField(toField(nowMs - 5_000))).toBe(nowMs - 5_000);
    expect(fromField('')).toBeUndefined();
  });
});
