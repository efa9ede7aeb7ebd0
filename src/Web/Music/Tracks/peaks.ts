import type { components } from '@veza/client';

/** The lowest and highest sample of each stretch, as the server answers them. */
export type Peaks = components['schemas']['PeaksView'];

/** Below this share of full scale a whole track counts as silent, and is not drawn larger. */
const SilentPeak = 2;

/**
 * The heights of so many bars, 0 to 1, in proportion to the loudest of the track: a quiet recording is drawn as large
 * as a loud one.
 */
export function barsOf(peaks: Peaks, count: number): Float32Array {
  const bars = new Float32Array(Math.max(0, Math.floor(count)));
  const { data, length } = peaks;
  if (length === 0) return bars;
  let loudest = SilentPeak;
  for (let bar = 0; bar < bars.length; bar++) {
    const from = Math.floor((bar * length) / bars.length);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * length) / bars.length));
    let height = 0;
    for (let point = from; point < to; point++)
      height = Math.max(height, -(data[point * 2] ?? 0), data[point * 2 + 1] ?? 0);
    bars[bar] = height;
    loudest = Math.max(loudest, height);
  }
  return bars.map(height => height / loudest);
}
