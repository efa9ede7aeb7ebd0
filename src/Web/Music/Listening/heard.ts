/** What a player's clock and position are at one moment. */
export interface Reading {
  readonly nowMs: number;
  readonly positionMs: number;
  readonly playing: boolean;
}

/** How long a play was really heard: without pauses, and without what was skipped. */
export interface Heard {
  readonly heardMs: number;
  readonly last: Reading | undefined;
}

export const unheard: Heard = { heardMs: 0, last: undefined };

/** A position that is this far ahead of the clock was jumped to. Players' positions move in steps. */
export const JumpMs = 750;

/** Reports are this far apart; a page that closes loses less than that. */
export const ReportEveryMs = 10_000;

/** A play counts after this long, or after half the track. */
export const CountedMsMax = 30_000;

export const countedFromMs = (durationMs: number): number => Math.min(CountedMsMax, Math.ceil(durationMs / 2));

/** Adds what was heard since the last reading. */
export function hear(heard: Heard, reading: Reading): Heard {
  const { last } = heard;
  if (last === undefined || !last.playing) return { ...heard, last: reading };
  const moved = reading.positionMs - last.positionMs;
  const passed = Math.max(0, reading.nowMs - last.nowMs);
  const jumped = moved < 0 || moved > passed + JumpMs;
  return { heardMs: heard.heardMs + (jumped ? 0 : Math.min(moved, passed)), last: reading };
}

/** Whether the server should learn of it: now and then, and at once when the play begins to count. */
export function isDue(heardMs: number, reportedMs: number, durationMs: number): boolean {
  const counted = countedFromMs(durationMs);
  return heardMs - reportedMs >= ReportEveryMs || (reportedMs < counted && heardMs >= counted);
}
