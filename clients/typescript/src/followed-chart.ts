import type { Link } from './link.js';
import type { ChartChanged, ChartName, ChartSpan, Closed } from './messages.js';
import { ResumedStream, type Taken } from './stream.js';

/** One followed chart over any number of connections: each begins with the current chart. */
export class FollowedChart extends ResumedStream<ChartChanged | Closed, ChartChanged | Closed> {
  constructor(
    link: Link,
    readonly chart: ChartName,
    readonly span: ChartSpan,
    readonly genre: string | null,
    patienceMs: number,
    signal: AbortSignal,
  ) {
    super(link, patienceMs, signal);
  }

  protected override get name(): string {
    return `the chart ${this.chart} of ${this.span}`;
  }

  protected override nameOf = (message: ChartChanged | Closed): string | undefined =>
    message.kind === 'chart' ? 'chart' : undefined;

  protected override request(): [string, readonly unknown[]] {
    return ['FollowChart', [this.chart, this.span, this.genre]];
  }

  protected override take(message: ChartChanged | Closed): Taken<ChartChanged | Closed> {
    if (message.kind === 'chart') this.worked();
    return { updates: [message], isLast: message.kind === 'closed' };
  }
}
