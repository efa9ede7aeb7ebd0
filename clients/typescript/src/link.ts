import { Backoff, MoveWithinMs } from './backoff.js';
import type { Clock } from './clock.js';
import type { Connect, Hub } from './hub.js';

/** The longest handshake. A handshake takes milliseconds, but a server or a network may swallow it. */
const ConnectWithinMs = 15_000;

export type AccessToken = (failures: number) => string | Promise<string>;

/**
 * The one connection of all subscriptions of a client. It opens when a subscription needs it, and opens again, after a
 * wait, when a subscription needs it after a loss.
 */
export class Link {
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #hub: Hub | undefined;
  #attempt: Promise<Hub> | undefined;
  #wait: () => number = () => 0;
  #turn = 0;
  #opened: (hub: Hub) => void = () => undefined;

  constructor(
    readonly urls: readonly string[],
    readonly connect: Connect,
    readonly accessToken: AccessToken,
    readonly clock: Clock,
    readonly random: () => number,
  ) {
    this.#backoff = new Backoff(random);
  }

  /** The open connection, or the outcome of the one attempt that runs or starts now. */
  hub(): Promise<Hub> {
    if (this.#hub !== undefined) return Promise.resolve(this.#hub);
    return (this.#attempt ??= this.#tryOnce().finally(() => (this.#attempt = undefined)));
  }

  /** Calls a function with each new connection, before any subscription uses it. */
  onOpened(opened: (hub: Hub) => void): void {
    this.#opened = opened;
  }

  isOpen(hub: Hub): boolean {
    return this.#hub === hub;
  }

  /** The connection delivered a message: the next loss counts as the first again. */
  worked(): void {
    this.#backoff.succeeded();
  }

  /** The server stops: the next connection goes to the next address, soon. */
  leave(hub: Hub): void {
    if (this.#hub !== hub) return;
    this.#hub = undefined;
    this.#wait = () => this.random() * MoveWithinMs;
    this.#turn++;
    hub.stop().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const hub = this.#hub;
    this.#hub = undefined;
    await hub?.stop();
  }

  async #tryOnce(): Promise<Hub> {
    await this.clock.sleep(this.#wait(), this.#closing.signal);
    this.#wait = () => this.#backoff.nextMs();
    try {
      const hub = await this.#connectInTime();
      this.#hub = hub;
      void hub.gone.then(() => {
        if (this.#hub === hub) this.#hub = undefined;
      });
      this.#opened(hub);
      return hub;
    } catch (error) {
      this.#turn++;
      throw error;
    }
  }

  async #connectInTime(): Promise<Hub> {
    if (this.#closing.signal.aborted) throw new Error('the client was closed');
    const url = this.urls[this.#turn % this.urls.length];
    if (url === undefined) throw new RangeError('url is empty; name at least one server');
    const over = new AbortController();
    const attempt = this.connect(url, async () => await this.accessToken(this.#backoff.failures));
    try {
      const hub = await Promise.race([attempt, this.clock.sleep(ConnectWithinMs, over.signal)]);
      if (hub === undefined || this.#closing.signal.aborted) {
        attempt.then(late => late.stop()).catch(() => undefined);
        if (hub === undefined) throw new Error(`${url} has not answered within ${ConnectWithinMs} ms`);
        throw new Error('the client was closed');
      }
      return hub;
    } finally {
      over.abort();
    }
  }
}
