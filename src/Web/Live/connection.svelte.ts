/** How long the good news of an exact resume stays. */
const NewsMs = 4_000;

/**
 * What the banner says: nothing while all is well, `reconnecting` while a stream is interrupted, `resumed` for a moment
 * after it went on without a loss.
 */
class Connection {
  readonly #interrupted = new Set<number>();
  online: boolean = $state(navigator.onLine);
  state: 'live' | 'reconnecting' | 'resumed' = $state('live');
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('online', () => (this.online = true));
    addEventListener('offline', () => (this.online = false));
  }

  interrupted(stream: number): void {
    this.#interrupted.add(stream);
    clearTimeout(this.#timer);
    this.state = 'reconnecting';
  }

  /** A stream got its next message, so it is where it was. */
  works(stream: number): void {
    if (!this.#interrupted.delete(stream) || this.#interrupted.size > 0) return;
    this.state = 'resumed';
    this.#timer = setTimeout(() => (this.state = 'live'), NewsMs);
  }

  /** A stream ended, interrupted or not. */
  ended(stream: number): void {
    if (this.#interrupted.delete(stream) && this.#interrupted.size === 0) this.state = 'live';
  }
}

export const connection = new Connection();
