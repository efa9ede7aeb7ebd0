import { Backoff } from './backoff.js';
import type { Hub } from './hub.js';
import { Inbox } from './inbox.js';
import type { Link } from './link.js';
import {
  isElsewhere,
  isLast,
  isNotReady,
  OutOfPatience,
  refusalIn,
  type Interrupted,
  type ServerMessage,
  type Update,
} from './messages.js';
import { breakIn, type Place } from './sequence.js';

/** After this many batches in a row that do not follow, the server is at fault and the subscription fails. */
const BreaksInARowMax = 5;

/** One subscription over any number of connections. */
export class Subscription {
  readonly #backoff: Backoff;
  #topics: readonly string[];
  #place: Place;
  #brokenAt: number | undefined;
  #breaks = 0;

  constructor(
    readonly link: Link,
    topics: readonly string[],
    place: Place,
    readonly patienceMs: number,
    readonly signal: AbortSignal,
  ) {
    this.#topics = topics;
    this.#place = place;
    this.#backoff = new Backoff(link.random);
  }

  /** All updates until the subscription ends or the signal is aborted. */
  async *updates(): AsyncGenerator<Update, void, undefined> {
    while (!this.signal.aborted) {
      let hub: Hub | undefined;
      let interruption: Interrupted | undefined;
      try {
        hub = await this.#orAborted(this.link.hub());
      } catch (error) {
        interruption = interrupted('lost', error);
      }
      if (this.signal.aborted) return;

      if (hub !== undefined) {
        const inbox = new Inbox(hub, ...this.#request());
        try {
          while (interruption === undefined) {
            const message = await inbox.take(this.signal);
            if (message.kind === 'aborted') return;
            if (message.kind === 'full') break;
            if (message.kind === 'failed') interruption = this.#failed(hub, message.error);
            else if (message.kind === 'closed') interruption = this.#notNow(hub, message.reason, message.reason);
            else if (message.kind === 'batch') interruption = this.#take(message);
            if (interruption !== undefined) break;
            yield message as ServerMessage;
            if (isLast(message)) return;
            if (message.kind === 'topicsClosed')
              this.#topics = this.#topics.filter(topic => !message.topics.includes(topic));
          }
        } finally {
          inbox.close();
        }
      }
      if (interruption === undefined) continue;
      if (this.#brokenAt === undefined) {
        this.#brokenAt = this.link.clock.now();
        yield interruption;
      } else if (this.link.clock.now() - this.#brokenAt >= this.patienceMs) {
        const failure = `could not be followed for ${this.patienceMs} ms: ${interruption.detail}`;
        throw new OutOfPatience(`${this.#topics.join()} ${failure}`);
      }
      // A lost connection waits in Link before the next attempt.
      if (hub !== undefined && this.link.isOpen(hub)) await this.link.clock.sleep(this.#backoff.nextMs(), this.signal);
    }
  }

  #request(): [string, unknown[]] {
    const { epoch, position } = this.#place;
    if (epoch === undefined || position === undefined) return ['Subscribe', [this.#topics, position ?? null]];
    return ['Resume', [this.#topics, position, epoch]];
  }

  #take(batch: Extract<ServerMessage, { kind: 'batch' }>): Interrupted | undefined {
    const wrong = breakIn(this.#place, batch);
    if (wrong !== undefined) {
      if (++this.#breaks >= BreaksInARowMax)
        throw new Error(`${this.#topics.join()}: ${wrong}, ${this.#breaks} times in a row`);
      return interrupted('outOfSequence', wrong);
    }
    this.#place = { epoch: batch.epoch, position: batch.position };
    this.#breaks = 0;
    this.#brokenAt = undefined;
    this.#backoff.succeeded();
    this.link.worked();
    return undefined;
  }

  #failed(hub: Hub, error: Error): Interrupted {
    const refused = refusalIn(error);
    if (refused === undefined) return interrupted('lost', error);
    const interruption = this.#notNow(hub, refused.code, refused.message);
    if (interruption === undefined) throw refused;
    return interruption;
  }

  /** Undefined when the code of a refusal or of a `closed` is final. */
  #notNow(hub: Hub, code: string, why: string): Interrupted | undefined {
    if (isNotReady(code)) return interrupted('notReady', why);
    if (!isElsewhere(code)) return undefined;
    this.link.leave(hub);
    return interrupted('moving', why);
  }

  /** The awaited result, or undefined when the signal is aborted first. */
  #orAborted<T>(awaited: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const abort = (): void => resolve(undefined);
      this.signal.addEventListener('abort', abort);
      awaited.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', abort));
    });
  }
}

const interrupted = (reason: Interrupted['reason'], why: unknown): Interrupted => ({
  kind: 'interrupted',
  reason,
  detail: why instanceof Error ? why.message : String(why),
});
