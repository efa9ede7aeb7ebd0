import type { ChartName, ChartSpan } from '@veza/client';
import { followChart } from '../../Live/live';
import { getAt } from '../../Replay/past.svelte';
import { movesSince, type ChartEntry, type Move } from './moves';

export const chartNames: readonly ChartName[] = ['top', 'trending'];
export const spans: readonly ChartSpan[] = ['hour', 'day', 'week', 'all'];

export interface Choice {
  readonly chart: ChartName;
  readonly span: ChartSpan;
  readonly genre: string | null;
  /** A past moment; null follows the present chart. */
  readonly asOf: string | null;
}

/** A chart on the screen: the present one, which changes by itself, or one of the past. */
export class ChartOnScreen {
  entries: readonly ChartEntry[] | undefined = $state.raw();
  error: unknown = $state.raw();
  #of: string | undefined;
  #first: readonly ChartEntry[] | undefined = $state.raw();

  /** By track, since the screen was opened. */
  get moves(): Map<string, Move> {
    return movesSince(this.#first ?? [], this.entries ?? []);
  }

  /** @param of another chart begins empty; another moment of the same replaces what is shown */
  reset(of: string): void {
    this.error = undefined;
    if (of === this.#of) return;
    this.#of = of;
    this.entries = undefined;
    this.#first = undefined;
  }

  async run({ chart, span, genre, asOf }: Choice, signal: AbortSignal): Promise<void> {
    try {
      if (asOf === null) await followChart(chart, span, genre, { signal }, update => this.#take(update));
      else {
        const query = { span, asOf, ...(genre !== null && { genre }) };
        const { body } = await getAt('/api/v1/charts/{chart}', { path: { chart }, query, signal });
        this.#show(body.items);
      }
    } catch (error) {
      if (!signal.aborted) this.error = error;
    }
  }

  #take(update: Parameters<Parameters<typeof followChart>[4]>[0]): void {
    if (update.kind === 'chart') this.#show(update.chart.items);
  }

  #show(entries: readonly ChartEntry[]): void {
    this.entries = entries;
    this.#first ??= entries;
  }
}
