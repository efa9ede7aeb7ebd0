import {
  LiveClient,
  type Batch,
  type Clock,
  type Hub,
  type LiveOptions,
  type StreamObserver,
  type Update,
} from '../src/index.js';

/** Virtual time. It stands still while any promise can continue, then jumps to the end of the shortest sleep. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];
  #now = 0;
  #sleepers: { until: number; wake: () => void }[] = [];
  #scheduled = false;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return new Promise(resolve => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper);
        resolve();
      };
      const sleeper = { until: this.#now + ms, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', wake);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After every promise that could continue.
    setImmediate(() => {
      this.#scheduled = false;
      const next = this.#sleepers.sort((a, b) => a.until - b.until)[0];
      if (next === undefined) return;
      this.#now = Math.max(this.#now, next.until);
      next.wake();
      if (this.#sleepers.length > 0) this.#schedule();
    });
  }
}

/** A stream that the client opened: its request, and the means to answer it. */
export interface Opened {
  readonly url: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly observer: StreamObserver;
  readonly disposed: () => boolean;
  /** The connection breaks. */
  cut(): void;
}

/** Servers that follow a script: one step for each stream, in the order of opening. */
export class FakeServers {
  readonly connects: { url: string; token: string }[] = [];
  readonly opened: Opened[] = [];
  readonly invoked: unknown[][] = [];
  #stops = 0;

  /**
   * @param refuse throws for each connection that must fail
   * @param onInvoke throws for each call that must fail
   */
  constructor(
    readonly script: ((stream: Opened) => void)[],
    readonly refuse: (connect: number) => void = () => undefined,
    readonly onInvoke: (call: unknown[]) => void = () => undefined,
  ) {}

  get stops(): number {
    return this.#stops;
  }

  readonly connect = async (url: string, token: () => Promise<string>): Promise<Hub> => {
    this.connects.push({ url, token: await token() });
    this.refuse(this.connects.length);
    let cut: (error: Error | undefined) => void = () => undefined;
    const gone = new Promise<Error | undefined>(resolve => (cut = resolve));
    return {
      gone,
      invoke: async (...call) => {
        this.invoked.push(call);
        this.onInvoke(call);
      },
      stop: async () => {
        this.#stops++;
        cut(undefined);
      },
      stream: (method, ...args) => ({
        subscribe: observer => {
          let disposed = false;
          const stream: Opened = {
            url,
            method,
            args,
            observer,
            disposed: () => disposed,
            cut: () => cut(new Error('the connection broke')),
          };
          this.opened.push(stream);
          const step = this.script[this.opened.length - 1];
          if (step !== undefined) queueMicrotask(() => step(stream));
          return { dispose: () => (disposed = true) };
        },
      }),
    };
  };

  client(options: Partial<LiveOptions> = {}): LiveClient {
    return new LiveClient({
      url: 'http://one',
      accessToken: () => 'token',
      connect: this.connect,
      clock: new FakeClock(),
      random: () => 0.5,
      ...options,
    });
  }
}

export function batch(previous: number, position: number, positions: readonly number[] = [], epoch = 'e'): Batch {
  return {
    kind: 'batch',
    epoch,
    previous,
    position,
    items: positions.map(at => ({
      position: at,
      type: 'messageSent',
      topics: ['channel:1'],
      at: '2026-01-01T00:00:00Z',
      by: null,
      data: {},
    })),
  };
}

/** The positions of the items and the kinds of all other updates, until enough have arrived. */
export async function read(updates: AsyncIterable<Update>, enough: number): Promise<(number | string)[]> {
  const seen: (number | string)[] = [];
  for await (const update of updates) {
    if (update.kind === 'batch') seen.push(...update.items.map(item => item.position));
    else seen.push(update.kind === 'interrupted' ? update.reason : update.kind);
    if (seen.length >= enough) break;
  }
  return seen;
}
