import { Problem } from '@veza/client';
import { concerns, positionOf, type LogFilter } from './filter';
import { listLog, positionBefore, readLog, type LogRecord } from './records';

/** Rows in memory; older ones go, and are read again when one scrolls to them. */
const RowsMax = 20_000;
/** Rows of a page, at least, if there are so many. */
const PageRows = 200;
/** Positions that one read looks at: few where every event fits, more where few do. */
const SpanMin = 300;
const SpanMax = 20_000;
/** Events of one entity that are read together. */
const StreamMax = 5_000;
/** Events that arrive are shown together this often. */
const ShowEveryMs = 100;
const RetryMs = 2_000;

/** The events that fit a filter, the newest first, and what follows live. */
export class Explorer {
  rows: readonly LogRecord[] = $state.raw([]);
  /** What arrived while the reader looked at older rows, the newest first. */
  waiting: readonly LogRecord[] = $state.raw([]);
  head: number = $state(0);
  reading: boolean = $state(true);
  following: boolean = $state(false);
  error: unknown = $state.raw();
  /** Set while the reader looks at older rows: then nothing is put above them. */
  paused: boolean = $state(false);
  #from = $state(1);
  #next = $state(0);
  #span = SpanMin;

  constructor(
    private readonly filter: LogFilter,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether there may be older events. */
  get hasOlder(): boolean {
    return this.#next >= this.#from;
  }

  /** Reads the newest page, then follows what comes. Ends with the signal. */
  async run(): Promise<void> {
    try {
      const { head } = await listLog({ after: 0, limit: 1 }, this.signal);
      this.head = head;
      this.#from = this.filter.from === undefined ? 1 : await this.#first(this.filter.from);
      const until = this.filter.until === undefined ? head : await this.#last(this.filter.until);
      this.#next = Math.min(head, until);
      await this.#readOlder();
      if (this.filter.until === undefined) await this.#follow();
    } catch (error) {
      if (!this.signal.aborted) this.error = error;
    } finally {
      this.reading = false;
    }
  }

  /** Reads the next older page, unless one is being read. */
  async older(): Promise<void> {
    if (this.reading || !this.hasOlder) return;
    try {
      await this.#readOlder();
    } catch (error) {
      if (!this.signal.aborted) this.error = error;
    }
  }

  /** Shows what has waited. */
  show(): void {
    this.paused = false;
    const waiting = this.waiting;
    this.waiting = [];
    this.#put(waiting);
  }

  async #readOlder(): Promise<void> {
    this.reading = true;
    try {
      let found = 0;
      while (found < PageRows && this.hasOlder) {
        const whole = this.filter.stream !== undefined;
        const after = whole ? this.#from - 1 : Math.max(this.#from - 1, this.#next - this.#span);
        const part = { after, until: this.#next, types: this.filter.types, stream: this.filter.stream };
        const { records } = await listLog({ ...part, ...(whole && { limit: StreamMax }) }, this.signal);
        const fitting = records.filter(record => concerns(record, this.filter.account)).reverse();
        this.rows = [...this.rows, ...fitting];
        this.#next = after;
        found += fitting.length;
        if (fitting.length < PageRows) this.#span = Math.min(SpanMax, this.#span * 4);
      }
    } finally {
      this.reading = false;
    }
  }

  async #follow(): Promise<void> {
    let after = this.head;
    let fresh: LogRecord[] = [];
    const timer = setInterval(() => {
      if (fresh.length === 0) return;
      const arrived = fresh.reverse();
      fresh = [];
      if (!this.paused) this.#put(arrived);
      else this.waiting = [...arrived, ...this.waiting].slice(0, RowsMax);
    }, ShowEveryMs);
    try {
      while (!this.signal.aborted) {
        try {
          const part = { after, types: this.filter.types, stream: this.filter.stream, follow: true };
          const { records } = await readLog(part, this.signal);
          this.following = true;
          for await (const record of records) {
            after = record.position;
            this.head = Math.max(this.head, after);
            if (concerns(record, this.filter.account)) fresh.push(record);
          }
        } catch (error) {
          if (this.signal.aborted) return;
          if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429)
            throw error;
        }
        this.following = false;
        await rest(RetryMs, this.signal);
      }
    } finally {
      this.following = false;
      clearInterval(timer);
    }
  }

  #put(arrived: readonly LogRecord[]): void {
    const rows = [...arrived, ...this.rows];
    const gone = rows[RowsMax];
    if (gone !== undefined) this.#next = gone.position;
    this.rows = rows.slice(0, RowsMax);
  }

  async #first(end: string): Promise<number> {
    return positionOf(end) ?? (await positionBefore(Date.parse(end), this.signal)) + 1;
  }

  async #last(end: string): Promise<number> {
    return positionOf(end) ?? (await positionBefore(Date.parse(end) + 1, this.signal));
  }
}

const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
