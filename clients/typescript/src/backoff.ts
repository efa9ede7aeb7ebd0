/** The longest first wait. It is short, so that users hardly notice a restart behind a balancer. */
export const FirstWaitMs = 250;
/** The longest wait of all, so that a phone that leaves a tunnel reconnects soon. */
export const LongestWaitMs = 10_000;
/** A stopping server's clients spread over this time, so that they do not reach the next one in the same instant. */
export const MoveWithinMs = 1_000;

/**
 * Waits between attempts. The limit doubles each time up to a maximum, and the wait is a random part of it, so that the
 * clients of a lost server do not all come back together.
 */
export class Backoff {
  #failures = 0;

  /** @param random in [0, 1) */
  constructor(readonly random: () => number) {}

  /** Consecutive failed attempts. */
  get failures(): number {
    return this.#failures;
  }

  /** The wait before the next attempt, in ms. */
  nextMs(): number {
    const longest = Math.min(LongestWaitMs, FirstWaitMs * 2 ** this.#failures);
    this.#failures++;
    return this.random() * longest;
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
