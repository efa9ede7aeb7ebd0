import { describe, expect, it } from 'vitest';
import { begin, FirstWaitMs, GiveUpAfterMs, LongestWaitMs, next, SkipsMax, SlowRememberedMs } from './air';
import type { Happening } from './air';

/** The last step of a history. */
function after(...history: Happening[]): ReturnType<typeof next> {
  return history.reduce((step, happening) => next(step.air, happening), begin());
}

const accepted = (nowMs = 1000): Happening => ({ kind: 'accepted', nowMs });
const closed = (code: number, nowMs = 2000): Happening => ({ kind: 'closed', code, reason: 'why', nowMs });
const slow = (nowMs: number): Happening => ({ kind: 'tooSlow', nowMs });

describe('going live', () => {
  it('connects at once, and records when the server has accepted', () => {
    expect(begin().effects).toEqual([{ kind: 'connect', afterMs: 0 }]);
    const { air, effects } = after(accepted());
    expect(air).toMatchObject({ phase: 'onAir', startedAtMs: 1000 });
    expect(effects).toEqual([{ kind: 'record', bitRateKbps: 128 }]);
  });

  it('connects again with growing waits, and with a new recording', () => {
    const lost = after(accepted(), closed(1006));
    expect(lost.air).toMatchObject({ phase: 'reconnecting', lostAtMs: 2000 });
    expect(lost.effects).toEqual([{ kind: 'disconnect' }, { kind: 'connect', afterMs: FirstWaitMs }]);
    const again = next(lost.air, closed(4409, 2300));
    expect(again.effects.at(-1)).toEqual({ kind: 'connect', afterMs: 2 * FirstWaitMs });
    const back = next(again.air, accepted(3000));
    expect(back.air).toMatchObject({ phase: 'onAir', startedAtMs: 1000, lostAtMs: undefined, attempts: 0 });
    expect(back.effects).toEqual([{ kind: 'record', bitRateKbps: 128 }]);
  });

  it('waits no longer than the longest wait', () => {
    const many = Array.from({ length: 20 }, (_, i) => closed(1006, 2000 + i));
    expect(after(accepted(), ...many).effects.at(-1)).toEqual({ kind: 'connect', afterMs: LongestWaitMs });
  });

  it('gives up when the server has given the broadcast up', () => {
    const { air, effects } = after(accepted(), closed(1006, 2000), closed(1006, 2001 + GiveUpAfterMs));
    expect(air).toMatchObject({ phase: 'over', end: 'lost' });
    expect(effects.map(({ kind }) => kind)).toEqual(['disconnect', 'release', 'stopBroadcast']);
  });

  it.each([4400, 4401, 4403, 4404, 4415, 4422])('ends at the refusal %i with its reason', code => {
    expect(after(accepted(), closed(code)).air).toMatchObject({ phase: 'over', end: 'refused', reason: 'why' });
  });

  it.each([1001, 1006, 1011, 4408, 4409, 4503])('tries again after %i', code => {
    expect(after(accepted(), closed(code)).air.phase).toBe('reconnecting');
  });

  it('ends without another stop when the broadcast has ended', () => {
    for (const end of [closed(1000), { kind: 'broadcastEnded' } as const]) {
      const { air, effects } = after(accepted(), end);
      expect(air).toMatchObject({ phase: 'over', end: 'ended' });
      expect(effects.map(({ kind }) => kind)).toEqual(['disconnect', 'release']);
    }
  });

  it('stops the broadcast when the person stops it or the device is gone', () => {
    for (const kind of ['stop', 'captureEnded'] as const) {
      const { air, effects } = after(accepted(), { kind });
      expect(air.phase).toBe('over');
      expect(effects.map(effect => effect.kind)).toEqual(['disconnect', 'release', 'stopBroadcast']);
    }
  });

  it('is over for good', () => {
    const { air, effects } = after({ kind: 'stop' }, accepted(), closed(1006), slow(1));
    expect(air.end).toBe('stopped');
    expect(effects).toEqual([]);
  });
});

describe('a network that is too slow', () => {
  it('gets fewer bits each time', () => {
    const step = after(accepted(), slow(2000), accepted(2300), slow(9000), accepted(9300));
    expect(step.effects).toEqual([{ kind: 'record', bitRateKbps: 64 }]);
    expect(step.air.skips).toBe(2);
  });

  it('ends the broadcast after the last of its skips', () => {
    const history = Array.from({ length: SkipsMax + 1 }, (_, i) => [slow(2000 + i), accepted(2000 + i)]).flat();
    expect(after(accepted(), ...history).air).toMatchObject({ phase: 'over', end: 'tooSlow' });
  });

  it('may be slow again much later', () => {
    const history = Array.from({ length: 10 }, (_, i) => {
      const nowMs = (i + 1) * (SlowRememberedMs + 1);
      return [slow(nowMs), accepted(nowMs)];
    }).flat();
    expect(after(accepted(), ...history).air).toMatchObject({ phase: 'onAir', skips: 1, bitRateKbps: 32 });
  });
});
