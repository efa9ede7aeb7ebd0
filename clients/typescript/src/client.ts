import { systemClock, type Clock } from './clock.js';
import type { Connect } from './hub.js';
import type { Item } from './items.js';
import { Link, type AccessToken } from './link.js';
import type { Closed, EpochChanged, FellBehind, Update } from './messages.js';
import { signalr, type Transport } from './signalr.js';
import { Subscription } from './subscription.js';
import type { Topic } from './topics.js';

export interface LiveOptions {
  /** Where Veza answers, such as `https://veza.example`; of several, the next is taken when one fails or stops. */
  readonly url: string | readonly string[];
  /** Asked before every connection. Above 0 `failures` says how many attempts failed in a row: a token that seems good may be why. */
  readonly accessToken: AccessToken;
  /** WebSockets alone by default; the others need sticky sessions where there are several servers. */
  readonly transports?: readonly Transport[];
  /** How long to try without a success before giving up, in ms; for ever by default. */
  readonly patienceMs?: number;
  /** A WebSocket constructor in place of the platform's. */
  readonly webSocket?: unknown;
  /** In place of SignalR, of time and of chance: for tests. */
  readonly connect?: Connect;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface SubscribeOptions {
  /** The last position the caller has; without it the subscription begins at the head. 0 is before everything. */
  readonly after?: number;
  /** The epoch that position is of, to be told when it is not the log's any more. */
  readonly epoch?: string;
  /** Ends the subscription, without an error. */
  readonly signal?: AbortSignal;
}

/** The updates of `LiveClient.items` that are not items. */
export class Ended extends Error {
  override readonly name = 'Ended';

  constructor(readonly update: FellBehind | EpochChanged | Closed) {
    super(update.kind === 'closed' ? `closed: ${update.reason}` : `${update.kind}: fetch the state anew and subscribe after ${update.head}`);
  }
}

/** Veza's live topics over one connection, which it keeps. */
export class LiveClient {
  readonly #link: Link;
  readonly #patienceMs: number;
  readonly #closing = new AbortController();

  constructor(options: LiveOptions) {
    const urls = (typeof options.url === 'string' ? [options.url] : options.url).map(url => url.replace(/\/+$/, ''));
    const connect = options.connect ?? signalr(options.transports ?? ['webSockets'], options.webSocket);
    this.#link = new Link(urls, connect, options.accessToken, options.clock ?? systemClock, options.random ?? Math.random);
    this.#patienceMs = options.patienceMs ?? Infinity;
  }

  /**
   * Follows topics: every item once, in order, in batches, over however many connections. It ends after `fellBehind`, `epochChanged` and `closed`,
   * and when the caller leaves its loop.
   * @throws Refused when the server says no; OutOfPatience
   */
  async *subscribe(topics: readonly Topic[], options: SubscribeOptions = {}): AsyncGenerator<Update, void, undefined> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const sources = [this.#closing.signal, options.signal].filter(signal => signal !== undefined);
    for (const source of sources) source.addEventListener('abort', end);
    if (sources.some(source => source.aborted)) end();
    try {
      yield* new Subscription(this.#link, topics, { epoch: options.epoch, position: options.after }, this.#patienceMs, ending.signal).updates();
    } finally {
      for (const source of sources) source.removeEventListener('abort', end);
    }
  }

  /**
   * As `subscribe`, but only the items.
   * @throws Ended when the server ends the subscription
   */
  async *items(topics: readonly Topic[], options: SubscribeOptions = {}): AsyncGenerator<Item, void, undefined> {
    for await (const update of this.subscribe(topics, options)) {
      if (update.kind === 'batch') yield* update.items;
      else if (update.kind === 'fellBehind' || update.kind === 'epochChanged' || update.kind === 'closed') throw new Ended(update);
    }
  }

  /** Ends every subscription and the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#link.close();
  }
}
