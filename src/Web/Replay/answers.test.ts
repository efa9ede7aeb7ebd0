import { describe, expect, it } from 'vitest';
import { Answers, isMoment, timeOf } from './answers';

describe('kept answers', () => {
  it('leave in the order in which they were used', () => {
    const answers = new Answers<number>(2);
    answers.keep('a', 1);
    answers.keep('b', 2);
    expect(answers.get('a')).toBe(1);
    answers.keep('c', 3);
    expect([answers.get('a'), answers.get('b'), answers.get('c')]).toEqual([1, undefined, 3]);
  });

  it('are gone when they are cleared', () => {
    const answers = new Answers<number>();
    answers.keep('a', 1);
    answers.clear();
    expect(answers.get('a')).toBeUndefined();
  });
});

describe('a moment', () => {
  it.each(['1', '48211', '2026-11-30T12:00:00Z', '2026-11-30T12:00', '2026-11-30T12:00:00.25+01:00'])(
    'is %s',
    text => expect(isMoment(text)).toBe(true),
  );

  it.each(['', '0', '-1', '1.5', 'now', '2026-13-30T12:00:00Z', '2026-11-30', '1&limit=5', '9'.repeat(30)])(
    'is not "%s"',
    text => expect(isMoment(text)).toBe(false),
  );

  it('has a time unless it is a position; without a zone it is UTC', () => {
    expect(timeOf('48211')).toBeUndefined();
    expect(timeOf('2026-11-30T12:00:00Z')).toBe(Date.UTC(2026, 10, 30, 12));
    expect(timeOf('2026-11-30T12:00')).toBe(Date.UTC(2026, 10, 30, 12));
  });
});
