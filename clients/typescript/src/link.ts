import { Backoff, MoveWithinMs } from './backoff.js';
import type { Clock } from './clock.js';
import type { Connect, Hub } from './hub.js';

/** A handshake takes milliseconds; a server or a network that swallows it is given up after this long. */
const ConnectWithinMs = 15_000;

export type AccessToken = (failures: number) => string | Promise<string>;

/** One connection for all subscriptions of a client. It is made when somebody asks for it, and made again, after a wait, when somebody asks and it is gone. */
export class Link {
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #hub: Hub | undefined;
  #attempt: Promise<Hub> | undefined;
  #wait: () => number = () => 0;
  #turn = 0;

  constructor(
    readonly urls: readonly string[],
    readonly connect: Connect,
    readonly accessToken: AccessToken,
    readonly clock: Clock,
    readonly random: () => number,
  ) {
    this.#backoff = new Backoff(random);
  }

  /** The connection that stands, or the outcome of the one attempt that is under way or due now. */
  hub(): Promise<Hub> {
    if (this.#hub !== undefined) return Promise.resolve(this.#hub);
    return (this.#attempt ??= this.#tryOnce().finally(() => (this.#attempt = undefined)));
  }

  stands(hub: Hub): boolean {
    return this.#hub === hub;
  }

  /** Something useful came over the connection: the next loss is the first one again. */
  worked(): void {
    this.#backoff.succeeded();
  }

  /** The server asks to be left: the next connection goes to the next address, soon. */
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
        throw new Error(hub === undefined ? `${url} has not answered within ${ConnectWithinMs} ms` : 'the client was closed');
      }
      return hub;
    } finally {
      over.abort();
    }
  }
}
