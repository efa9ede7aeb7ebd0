import { systemClock, type Clock } from './clock.js';
import { DevicePresence } from './device-presence.js';
import { FollowedChart } from './followed-chart.js';
import type { Connect } from './hub.js';
import type { Item } from './items.js';
import { Link, type AccessToken } from './link.js';
import {
  isLast,
  type ChartName,
  type ChartSpan,
  type ChartUpdate,
  type Closed,
  type EpochChanged,
  type FellBehind,
  type Status,
  type Update,
  type WatchUpdate,
} from './messages.js';
import { signalr, type Transport } from './signalr.js';
import { Subscription } from './subscription.js';
import type { Topic } from './topics.js';
import { Watch } from './watch.js';

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
  readonly #presence: DevicePresence;

  constructor(options: LiveOptions) {
    const urls = (typeof options.url === 'string' ? [options.url] : options.url).map(url => url.replace(/\/+$/, ''));
    const connect = options.connect ?? signalr(options.transports ?? ['webSockets'], options.webSocket);
    const clock = options.clock ?? systemClock;
    this.#link = new Link(urls, connect, options.accessToken, clock, options.random ?? Math.random);
    this.#patienceMs = options.patienceMs ?? Infinity;
    this.#presence = new DevicePresence(this.#link);
  }

  /**
   * Follows topics: every item once, in order, in batches, over any number of connections. It ends after `fellBehind`,
   * `epochChanged` and `closed`, and when the caller leaves its loop.
   * @throws Refused when the server refuses the subscription; OutOfPatience after `patienceMs`
   */
  subscribe(topics: readonly Topic[], options: SubscribeOptions = {}): AsyncGenerator<Update, void, undefined> {
    const place = { epoch: options.epoch, position: options.after };
    return this.#stream(
      options.signal,
      signal => new Subscription(this.#link, topics, place, this.#patienceMs, signal),
    );
  }

  /**
   * Follows a chart: the whole chart now, and again after changes, at most once a second.
   * @param genre null for all genres
   * @throws Refused when the server refuses it; OutOfPatience after `patienceMs`
   */
  followChart(
    chart: ChartName,
    span: ChartSpan,
    genre: string | null = null,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ChartUpdate, void, undefined> {
    return this.#stream(
      options.signal,
      signal => new FollowedChart(this.#link, chart, span, genre, this.#patienceMs, signal),
    );
  }

  /**
   * Watches the presence of the members of each `community:{id}` and the typing in each `channel:{id}`. Best effort:
   * after each `watching` the caller fetches the state, and what happens during an interruption is lost.
   * @throws Refused when the server refuses it; OutOfPatience after `patienceMs`
   */
  watch(
    topics: readonly Topic[],
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<WatchUpdate, void, undefined> {
    return this.#stream(options.signal, signal => new Watch(this.#link, topics, this.#patienceMs, signal));
  }

  /**
   * Sets the status of this device, on this connection and on those after it. Without a connection it is set with the
   * next one.
   * @throws Refused when the server refuses it, for example because it changes too fast
   */
  setPresence(status: Status): Promise<void> {
    return this.#presence.set(status);
  }

  /**
   * Says that the caller types in a channel. Call it at keystrokes; the server ignores calls that come too often.
   * Without a connection it is not said.
   * @throws Refused when the server refuses it
   */
  typing(channelId: string): Promise<void> {
    return this.#presence.typing(channelId);
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

  /** A stream that also ends with the client. */
  async *#stream<Update>(
    signal: AbortSignal | undefined,
    open: (signal: AbortSignal) => { updates(): AsyncGenerator<Update, void, undefined> },
  ): AsyncGenerator<Update, void, undefined> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const sources = [this.#closing.signal, signal].filter(source => source !== undefined);
    for (const source of sources) source.addEventListener('abort', end);
    if (sources.some(source => source.aborted)) end();
    try {
      yield* open(ending.signal).updates();
    } finally {
      for (const source of sources) source.removeEventListener('abort', end);
    }
  }

  /** Ends every subscription and the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#link.close();
  }
}
