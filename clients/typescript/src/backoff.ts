/** The first wait is up to this long: a server that restarts behind a balancer is missed by nobody. */
export const FirstWaitMs = 250;
/** No wait is longer: who comes back from a tunnel does not look at a dead page for a minute. */
export const LongestWaitMs = 10_000;
/** A stopping server's clients spread over this long, so that they do not fall on the next one in the same instant. */
export const MoveWithinMs = 1_000;

/** Waits between attempts: twice as long each time up to a limit, and each a random part of that, so that those who lost one server come back one by one. */
export class Backoff {
  #failures = 0;

  /** @param random in [0, 1) */
  constructor(readonly random: () => number) {}

  /** Attempts that failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** How long to wait before the next attempt, in ms. */
  nextMs(): number {
    const longest = Math.min(LongestWaitMs, FirstWaitMs * 2 ** this.#failures);
    this.#failures++;
    return this.random() * longest;
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
