import { Backoff } from './backoff.js';
import type { Hub } from './hub.js';
import { End, Inbox, type NameOf } from './inbox.js';
import type { Link } from './link.js';
import { isElsewhere, isNotReady, OutOfPatience, refusalIn, type Interrupted } from './messages.js';

/** What a stream makes of a message: updates for the caller and whether they are the last, or why it breaks off. */
export type Taken<Update> = { readonly updates: readonly Update[]; readonly isLast?: boolean } | Interrupted;

/** A stream of the hub, over any number of connections. */
export abstract class ResumedStream<Message extends object, Update> {
  readonly #backoff: Backoff;
  #brokenAt: number | undefined;

  constructor(
    readonly link: Link,
    readonly patienceMs: number,
    readonly signal: AbortSignal,
  ) {
    this.#backoff = new Backoff(link.random);
  }

  /** The method and the arguments that begin it, or resume it. */
  protected abstract request(): [method: string, args: readonly unknown[]];

  protected abstract take(message: Message): Taken<Update>;

  /** What it follows, for an error. */
  protected abstract readonly name: string;

  protected nameOf: NameOf<Message> = () => undefined;

  /** Updates at each beginning, before its first message. */
  protected begun(): readonly Update[] {
    return [];
  }

  /** More messages came than are held; undefined resumes without a word to the caller. */
  protected overflowed(): Interrupted | undefined {
    return undefined;
  }

  /** A message arrived as it should: the next failure counts as the first again. */
  protected worked(): void {
    this.#brokenAt = undefined;
    this.#backoff.succeeded();
    this.link.worked();
  }

  /** All updates until the stream ends or the signal is aborted. */
  async *updates(): AsyncGenerator<Update | Interrupted, void, undefined> {
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
        const inbox = new Inbox<Message>(hub, ...this.request(), this.nameOf);
        try {
          yield* this.begun();
          while (interruption === undefined) {
            const message = await inbox.take(this.signal);
            if (message instanceof End) {
              if (message.kind === 'aborted') return;
              interruption = message.kind === 'full' ? this.overflowed() : this.#failed(hub, message.error);
              break;
            }
            const taken = this.#notNowIn(hub, message) ?? this.take(message);
            if ('kind' in taken) interruption = taken;
            else {
              yield* taken.updates;
              if (taken.isLast === true) return;
            }
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
        throw new OutOfPatience(`${this.name} ${failure}`);
      }
      // A lost connection waits in Link before the next attempt.
      if (hub !== undefined && this.link.isOpen(hub)) await this.link.clock.sleep(this.#backoff.nextMs(), this.signal);
    }
  }

  #failed(hub: Hub, error: Error): Interrupted {
    const refused = refusalIn(error);
    if (refused === undefined) return interrupted('lost', error);
    const interruption = this.#notNow(hub, refused.code, refused.message);
    if (interruption === undefined) throw refused;
    return interruption;
  }

  #notNowIn(hub: Hub, message: object): Interrupted | undefined {
    const { kind, reason } = message as { kind?: unknown; reason?: unknown };
    return kind === 'closed' && typeof reason === 'string' ? this.#notNow(hub, reason, reason) : undefined;
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

export const interrupted = (reason: Interrupted['reason'], why: unknown): Interrupted => ({
  kind: 'interrupted',
  reason,
  detail: why instanceof Error ? why.message : String(why),
});
