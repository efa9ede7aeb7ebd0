import { systemClock, type Clock } from './clock.js';
import type { Connect } from './hub.js';
import type { Item } from './items.js';
import { Link, type AccessToken } from './link.js';
import { isLast, type Closed, type EpochChanged, type FellBehind, type Update } from './messages.js';
import { signalr, type Transport } from './signalr.js';
import { Subscription } from './subscription.js';
import type { Topic } from './topics.js';

export interface LiveOptions {
  /** Veza's address, such as `https://veza.example`. Of several, the next is used when one fails or stops. */
  readonly url: string | readonly string[];
  /**
   * Called before every connection. `failures` is the number of consecutive failed attempts: an invalid token may be
   * their reason.
   */
  readonly accessToken: AccessToken;
  /** By default only WebSockets; the others need sticky sessions where there are several servers. */
  readonly transports?: readonly Transport[];
  /** The time of attempts without success before giving up, in ms; unlimited by default. */
  readonly patienceMs?: number;
  /** A WebSocket constructor in place of the platform's. */
  readonly webSocket?: unknown;
  /** Replacements of SignalR, of time and of random numbers, for tests. */
  readonly connect?: Connect;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface SubscribeOptions {
  /** The last position the caller has; without it the subscription begins at the head. 0 is before all events. */
  readonly after?: number;
  /** The epoch of that position. When it is no longer the log's, the subscription ends with `epochChanged`. */
  readonly epoch?: string;
  /** Ends the subscription, without an error. */
  readonly signal?: AbortSignal;
}

/** The server ended the subscription of `LiveClient.items`. */
export class Ended extends Error {
  override readonly name = 'Ended';

  constructor(readonly update: FellBehind | EpochChanged | Closed) {
    super(
      update.kind === 'closed'
        ? `closed: ${update.reason}`
        : `${update.kind}: fetch the state again and subscribe after ${update.head}`,
    );
  }
}

/** Veza's live topics over one connection, which it restores after a loss. */
export class LiveClient {
  readonly #link: Link;
  readonly #patienceMs: number;
  readonly #closing = new AbortController();

  constructor(options: LiveOptions) {
    const urls = (typeof options.url === 'string' ? [options.url] : options.url).map(url => url.replace(/\/+$/, ''));
    const connect = options.connect ?? signalr(options.transports ?? ['webSockets'], options.webSocket);
    const clock = options.clock ?? systemClock;
    this.#link = new Link(urls, connect, options.accessToken, clock, options.random ?? Math.random);
    this.#patienceMs = options.patienceMs ?? Infinity;
  }

  /**
   * Follows topics: every item once, in order, in batches, over any number of connections. It ends after `fellBehind`,
   * `epochChanged` and `closed`, and when the caller leaves its loop.
   * @throws Refused when the server refuses the subscription; OutOfPatience after `patienceMs`
   */
  async *subscribe(topics: readonly Topic[], options: SubscribeOptions = {}): AsyncGenerator<Update, void, undefined> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const sources = [this.#closing.signal, options.signal].filter(signal => signal !== undefined);
    for (const source of sources) source.addEventListener('abort', end);
    if (sources.some(source => source.aborted)) end();
    try {
      const place = { epoch: options.epoch, position: options.after };
      yield* new Subscription(this.#link, topics, place, this.#patienceMs, ending.signal).updates();
    } finally {
      for (const source of sources) source.removeEventListener('abort', end);
    }
  }

  /**
   * Only the items of `subscribe`.
   * @throws Ended when the server ends the subscription
   */
  async *items(topics: readonly Topic[], options: SubscribeOptions = {}): AsyncGenerator<Item, void, undefined> {
    for await (const update of this.subscribe(topics, options)) {
      if (update.kind === 'batch') yield* update.items;
      else if (isLast(update)) throw new Ended(update);
    }
  }

  /** Ends every subscription and the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#link.close();
  }
}
