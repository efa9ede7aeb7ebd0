import { locale } from './language.svelte';

const formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

/** Intl's formats are costly to make, so each is made once. */
function kept<Format extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  name: string,
  make: (locale: string) => Format,
): Format {
  const key = `${locale()} ${name}`;
  const found = formats.get(key) ?? make(locale());
  formats.set(key, found);
  return found as Format;
}

export const number = (value: number): string => kept('number', l => new Intl.NumberFormat(l)).format(value);

/** 12,345 as 12K. */
export const shortNumber = (value: number): string =>
  kept('short', l => new Intl.NumberFormat(l, { notation: 'compact', maximumFractionDigits: 1 })).format(value);

export const percent = (share: number): string =>
  kept('percent', l => new Intl.NumberFormat(l, { style: 'percent' })).format(share);

/** Bytes as 3.4 MB, in units of 1,000. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const unit = units[power] ?? 'byte';
  return kept(
    unit,
    l => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }),
  ).format(value / 1000 ** power);
}

export const clockTime = (at: string | number): string =>
  kept('clock', l => new Intl.DateTimeFormat(l, { timeStyle: 'short' })).format(new Date(at));

export const day = (at: string | number): string =>
  kept('day', l => new Intl.DateTimeFormat(l, { dateStyle: 'full' })).format(new Date(at));

export const longTime = (at: string | number): string =>
  kept('long', l => new Intl.DateTimeFormat(l, { dateStyle: 'long', timeStyle: 'medium' })).format(new Date(at));

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "5 minutes ago"; within a minute, "now". */
export function relativeTime(at: string | number, nowMs: number): string {
  const awayMs = new Date(at).getTime() - nowMs;
  const format = kept('relative', l => new Intl.RelativeTimeFormat(l, { numeric: 'auto', style: 'short' }));
  for (const [unit, sizeMs] of steps)
    if (Math.abs(awayMs) >= sizeMs) return format.format(Math.trunc(awayMs / sizeMs), unit);
  return format.format(0, 'second');
}

/** 3:07, or 1:03:07; for a screen reader the text is as good. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
