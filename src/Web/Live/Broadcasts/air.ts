/**
 * What happens between "go live" and the end: a plain state machine. `next` answers the next state and what must be
 * done; `OnAir` does it.
 */

/** Kilobits a second, from the best. A network that is too slow gets the next one. */
export const BitRatesKbps = [128, 96, 64, 32] as const;
/** The server keeps an interrupted broadcast for 30 s; a try after that could not succeed. */
export const GiveUpAfterMs = 30_000;
export const FirstWaitMs = 250;
export const LongestWaitMs = 4_000;
/** A network that was too slow longer ago than this is a new case. */
export const SlowRememberedMs = 5 * 60_000;
/** Times that a broadcast may skip within that. */
export const SkipsMax = 4;

/** Close codes of `GET /live/{id}/source` that another try cannot change; see docs/reference/api.md. */
const Final: ReadonlySet<number> = new Set([4400, 4401, 4403, 4404, 4415, 4422]);
const Normal = 1000;

export type End = 'stopped' | 'ended' | 'refused' | 'lost' | 'tooSlow' | 'captureEnded';

export interface Air {
  readonly phase: 'connecting' | 'onAir' | 'reconnecting' | 'over';
  readonly bitRateKbps: number;
  /** When sound first reached the server. */
  readonly startedAtMs: number | undefined;
  /** When the connection was lost; undefined while it works. */
  readonly lostAtMs: number | undefined;
  readonly attempts: number;
  readonly skips: number;
  readonly skippedAtMs: number | undefined;
  readonly end: End | undefined;
  /** The server's own words, when it refused. */
  readonly reason: string | undefined;
}

export type Happening =
  | { readonly kind: 'accepted'; readonly nowMs: number }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string; readonly nowMs: number }
  | { readonly kind: 'tooSlow'; readonly nowMs: number }
  /** The log says so: stopped elsewhere, taken down, or its account is gone. */
  | { readonly kind: 'broadcastEnded' }
  /** The microphone was unplugged, or the sharing of a tab stopped. */
  | { readonly kind: 'captureEnded' }
  | { readonly kind: 'stop' };

export type Effect =
  | { readonly kind: 'connect'; readonly afterMs: number }
  /** A new recording, as each connection begins with a new one. */
  | { readonly kind: 'record'; readonly bitRateKbps: number }
  /** Ends the recording and the connection. */
  | { readonly kind: 'disconnect' }
  /** Ends the broadcast in the log. */
  | { readonly kind: 'stopBroadcast' }
  /** Lets the microphone go. */
  | { readonly kind: 'release' };

export interface Step {
  readonly air: Air;
  readonly effects: readonly Effect[];
}

export function begin(bitRateKbps: number = BitRatesKbps[0]): Step {
  const air: Air = {
    phase: 'connecting',
    bitRateKbps,
    startedAtMs: undefined,
    lostAtMs: undefined,
    attempts: 0,
    skips: 0,
    skippedAtMs: undefined,
    end: undefined,
    reason: undefined,
  };
  return { air, effects: [{ kind: 'connect', afterMs: 0 }] };
}

export function next(air: Air, happening: Happening): Step {
  if (air.phase === 'over') return { air, effects: [] };
  switch (happening.kind) {
    case 'accepted':
      return accepted(air, happening.nowMs);
    case 'closed':
      return closed(air, happening.code, happening.reason, happening.nowMs);
    case 'tooSlow':
      return tooSlow(air, happening.nowMs);
    case 'broadcastEnded':
      return over(air, 'ended');
    case 'captureEnded':
      return over(air, 'captureEnded');
    case 'stop':
      return over(air, 'stopped');
  }
}

function accepted(air: Air, nowMs: number): Step {
  return {
    air: { ...air, phase: 'onAir', startedAtMs: air.startedAtMs ?? nowMs, lostAtMs: undefined, attempts: 0 },
    effects: [{ kind: 'record', bitRateKbps: air.bitRateKbps }],
  };
}

function closed(air: Air, code: number, reason: string, nowMs: number): Step {
  if (code === Normal) return over(air, 'ended');
  if (Final.has(code)) return over(air, 'refused', reason);
  return reconnecting(air, nowMs);
}

function reconnecting(air: Air, nowMs: number): Step {
  const lostAtMs = air.lostAtMs ?? nowMs;
  if (nowMs - lostAtMs > GiveUpAfterMs) return over(air, 'lost');
  const afterMs = Math.min(LongestWaitMs, FirstWaitMs * 2 ** air.attempts);
  const phase = air.startedAtMs === undefined ? 'connecting' : 'reconnecting';
  return {
    air: { ...air, phase, lostAtMs, attempts: air.attempts + 1 },
    effects: [{ kind: 'disconnect' }, { kind: 'connect', afterMs }],
  };
}

/** Drops what waits, and goes on with fewer bits: a recording cannot be resumed in its middle. */
function tooSlow(air: Air, nowMs: number): Step {
  const isNew = air.skippedAtMs === undefined || nowMs - air.skippedAtMs > SlowRememberedMs;
  const skips = isNew ? 1 : air.skips + 1;
  if (skips > SkipsMax) return over(air, 'tooSlow');
  const bitRateKbps = BitRatesKbps.find(lower => lower < air.bitRateKbps) ?? air.bitRateKbps;
  return reconnecting({ ...air, skips, skippedAtMs: nowMs, bitRateKbps }, nowMs);
}

function over(air: Air, end: End, reason?: string): Step {
  const stops: readonly Effect[] = end === 'ended' ? [] : [{ kind: 'stopBroadcast' }];
  return {
    air: { ...air, phase: 'over', end, reason },
    effects: [{ kind: 'disconnect' }, { kind: 'release' }, ...stops],
  };
}
