// The slider's scale: recent times have more room than old ones, so that one drag reaches both an hour and a year.

const SecondMs = 1_000;
const MinuteMs = 60 * SecondMs;
const HourMs = 60 * MinuteMs;
const DayMs = 24 * HourMs;

/** Up to this long ago the scale is nearly even; beyond it, it shrinks. */
const EvenMs = 10 * MinuteMs;

export type Step = 'second' | 'minute' | 'hour' | 'day';

export const stepMs: Readonly<Record<Step, number>> = {
  second: SecondMs,
  minute: MinuteMs,
  hour: HourMs,
  day: DayMs,
};

/** A stretch of time, from the beginning of what is looked at until now, in ms. */
export interface Span {
  readonly fromMs: number;
  readonly nowMs: number;
}

const length = ({ fromMs, nowMs }: Span): number => Math.max(1, nowMs - fromMs);

/** The moment at a place of the slider: 0 is the beginning, 1 is now. */
export function momentAt(share: number, span: Span): number {
  const whole = length(span);
  const agoMs = EvenMs * Math.expm1((1 - share) * Math.log1p(whole / EvenMs));
  return Math.round(span.nowMs - Math.min(whole, agoMs));
}

/** The place of a moment on the slider. */
export function shareOf(momentMs: number, span: Span): number {
  const agoMs = Math.min(length(span), Math.max(0, span.nowMs - momentMs));
  return 1 - Math.log1p(agoMs / EvenMs) / Math.log1p(length(span) / EvenMs);
}

/**
 * Moments as round as the stretch allows, so that coming back to one asks for the same. The beginning stays itself, as
 * much may have happened until the next round moment.
 */
export function rounded(momentMs: number, span: Span): number {
  if (momentMs <= span.fromMs) return span.fromMs;
  const whole = length(span);
  const fine = whole > HourMs ? SecondMs : 100;
  const unit = whole > 7 * DayMs ? MinuteMs : fine;
  return Math.min(span.nowMs, Math.max(span.fromMs, Math.round(momentMs / unit) * unit));
}

/** The step of the arrow keys that fits a stretch of time. */
export function stepFor(span: Span): Step {
  const whole = length(span);
  if (whole > 14 * DayMs) return 'day';
  if (whole > DayMs) return 'hour';
  return whole > 5 * MinuteMs ? 'minute' : 'second';
}

const larger: Readonly<Record<Step, number>> = {
  second: 10 * SecondMs,
  minute: 10 * MinuteMs,
  hour: 6 * HourMs,
  day: 7 * DayMs,
};

/** Where a key leads from a moment; undefined for a key that is none of the slider's. */
export function moved(key: string, momentMs: number, step: Step, span: Span): number | undefined {
  const to: Record<string, number> = {
    ArrowLeft: momentMs - stepMs[step],
    ArrowDown: momentMs - stepMs[step],
    ArrowRight: momentMs + stepMs[step],
    ArrowUp: momentMs + stepMs[step],
    PageDown: momentMs - larger[step],
    PageUp: momentMs + larger[step],
    Home: span.fromMs,
    End: span.nowMs,
  };
  const target = to[key];
  return target === undefined ? undefined : Math.min(span.nowMs, Math.max(span.fromMs, target));
}

/** A moment as a field of type `datetime-local` holds it, in this device's time zone. */
export function toField(momentMs: number): string {
  const at = new Date(momentMs);
  return new Date(momentMs - at.getTimezoneOffset() * MinuteMs).toISOString().slice(0, 19);
}

/** The moment that such a field holds; undefined when it is empty. */
export function fromField(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
