import type { Hub, StreamObserver } from './hub.js';
import type { Level, ServerMessage } from './messages.js';

/**
 * Messages held for a caller that is slower than the server; a batch has at most 500 items and 256 KiB. When more come,
 * the stream ends. It resumes after the last message taken, once the caller has taken all held ones. So a stalled
 * caller costs a bounded amount of memory.
 */
export const HeldMessagesMax = 16;

/** Why a stream has no more messages: the inbox is `full`, the caller `aborted` it, or it `failed`. */
export type End = { readonly kind: 'full' | 'aborted' } | { readonly kind: 'failed'; readonly error: Error };

/** The messages of one stream that the caller has not taken yet. */
export class Inbox implements StreamObserver {
  readonly #held: ServerMessage[] = [];
  /** The newest level of each broadcast. Levels do not count as held messages. */
  readonly #levels = new Map<string, Level>();
  readonly #stream: { dispose(): void };
  #end: End | undefined;
  #wake: (() => void) | undefined;
  #disposed = false;

  constructor(hub: Hub, method: string, args: readonly unknown[]) {
    this.#stream = hub.stream(method, ...args).subscribe(this);
    void hub.gone.then(error => this.error(error ?? new Error('the connection was closed')));
    if (this.#disposed) this.#stream.dispose();
  }

  /** The next message in order, or why there is none. Levels come only when no other message waits. */
  async take(signal: AbortSignal): Promise<ServerMessage | End> {
    if (signal.aborted) return { kind: 'aborted' };
    for (;;) {
      const message = this.#held.shift() ?? this.#takeLevel();
      if (message !== undefined) return message;
      if (this.#end !== undefined) return this.#end;
      await this.#woken(signal);
      if (signal.aborted) return { kind: 'aborted' };
    }
  }

  /** Ends the stream on the server. */
  close(): void {
    this.#end ??= { kind: 'aborted' };
    this.#dispose();
  }

  next(message: unknown): void {
    if (this.#end !== undefined) return;
    const arrived = message as ServerMessage;
    if (arrived.kind === 'level') this.#levels.set(arrived.broadcastId, arrived);
    else if (this.#held.length === HeldMessagesMax) {
      this.#finish({ kind: 'full' });
      this.#dispose();
      return;
    } else this.#held.push(arrived);
    this.#wake?.();
  }

  error(error: Error): void {
    this.#finish({ kind: 'failed', error });
  }

  complete(): void {
    this.#finish({ kind: 'failed', error: new Error('the server ended the stream without a reason') });
  }

  #takeLevel(): Level | undefined {
    for (const [id, level] of this.#levels) {
      this.#levels.delete(id);
      return level;
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
