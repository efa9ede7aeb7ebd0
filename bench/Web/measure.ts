import type { CDPSession, Page } from '../../tests/Web.Tests/test';
import { test } from '../../tests/Web.Tests/test';

/** A figure of the case that runs. */
export function figure(what: string, value: string): void {
  test.info().annotations.push({ type: what, description: value });
}

/** The value below which this share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** P50, P95 and the largest. */
export const spread = (samples: readonly number[]): string =>
  `P50 ${ms(percentile(samples, 0.5))}, P95 ${ms(percentile(samples, 0.95))}, max ${ms(Math.max(...samples))}, ` +
  `${samples.length} samples`;

/** A phone of the middle class on a slow mobile network. */
export async function throttle(debugging: CDPSession): Promise<void> {
  await debugging.send('Network.enable');
  await debugging.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await debugging.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: 1_600_000 / 8,
    uploadThroughput: 750_000 / 8,
  });
}

/** Starts to note the time between two frames. */
export async function watchFrames(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const frames: number[] = [];
    (window as unknown as { frames: number[] }).frames = frames;
    let last = performance.now();
    const next = (now: number): void => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  return () => page.evaluate(() => (window as unknown as { frames: number[] }).frames.splice(0).slice(1));
}

/** Bytes of live objects of the page's script, after a collection. */
export async function heapBytes(debugging: CDPSession): Promise<number> {
  await debugging.send('HeapProfiler.collectGarbage');
  const { usedSize } = await debugging.send('Runtime.getHeapUsage');
  return usedSize;
}
