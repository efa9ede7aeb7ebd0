import type { Hub, StreamObserver } from './hub.js';

/**
 * Messages held for a caller that is slower than the server; a batch has at most 500 items and 256 KiB. When more come,
 * the stream ends. It resumes after the last message taken, once the caller has taken all held ones. So a stalled
 * caller costs a bounded amount of memory.
 */
export const HeldMessagesMax = 16;

/** Why a stream has no more messages: the inbox is `full`, the caller `aborted` it, or it `failed`. */
export class End {
  constructor(
    readonly kind: 'full' | 'aborted' | 'failed',
    readonly error: Error = new Error(kind),
  ) {}
}

/** Of messages of the same name only the newest matters; undefined when each one does. */
export type NameOf<Message> = (message: Message) => string | undefined;

/** The messages of one stream that the caller has not taken yet. */
export class Inbox<Message extends object> implements StreamObserver {
  readonly #held: Message[] = [];
  /** The newest message of each name, such as a broadcast's level. They do not count as held messages. */
  readonly #newest = new Map<string, Message>();
  readonly #stream: { dispose(): void };
  #end: End | undefined;
  #wake: (() => void) | undefined;
  #disposed = false;

  constructor(
    hub: Hub,
    method: string,
    args: readonly unknown[],
    readonly nameOf: NameOf<Message>,
  ) {
    this.#stream = hub.stream(method, ...args).subscribe(this);
    void hub.gone.then(error => this.error(error ?? new Error('the connection was closed')));
    if (this.#disposed) this.#stream.dispose();
  }

  /** The next message in order, or why there is none. Named ones come only when no other message waits. */
  async take(signal: AbortSignal): Promise<Message | End> {
    if (signal.aborted) return new End('aborted');
    for (;;) {
      const message = this.#held.shift() ?? this.#takeNewest();
      if (message !== undefined) return message;
      if (this.#end !== undefined) return this.#end;
      await this.#woken(signal);
      if (signal.aborted) return new End('aborted');
    }
  }

  /** Ends the stream on the server. */
  close(): void {
    this.#end ??= new End('aborted');
    this.#dispose();
  }

  next(message: unknown): void {
    if (this.#end !== undefined) return;
    const arrived = message as Message;
    const name = this.nameOf(arrived);
    if (name !== undefined) this.#newest.set(name, arrived);
    else if (this.#held.length === HeldMessagesMax) {
      this.#finish(new End('full'));
      this.#dispose();
      return;
    } else this.#held.push(arrived);
    this.#wake?.();
  }

  error(error: Error): void {
    this.#finish(new End('failed', error));
  }

  complete(): void {
    this.#finish(new End('failed', new Error('the server ended the stream without a reason')));
  }

  #takeNewest(): Message | undefined {
    for (const [name, message] of this.#newest) {
      this.#newest.delete(name);
      return message;
    }
    return undefined;
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#wake?.();
  }

  #dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // The stream may still be opening.
    this.#stream?.dispose();
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        this.#wake = undefined;
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake);
    });
  }
}
