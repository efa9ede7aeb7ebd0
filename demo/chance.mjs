// Seeded random numbers. Every activity has its own branch, so its numbers do not depend on the schedule of the others.

const hash = text => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

export class Chance {
  #state;

  constructor(seed) {
    this.seed = String(seed);
    this.#state = hash(this.seed);
  }

  branch(name) {
    return new Chance(`${this.seed}/${name}`);
  }

  /** Uniform in [0, 1). Mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `low` up to and including `high`. */
  whole(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  happens(probability) {
    return this.next() < probability;
  }

  pick(items) {
    return items[Math.floor(this.next() * items.length)];
  }

  shuffled(items) {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.whole(0, i);
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  }

  some(items, count) {
    return this.shuffled(items).slice(0, count);
  }

  /** Picks the first items far more often than the last ones (Zipf, exponent 1), like popular items. */
  popular(items) {
    const total = items.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
    let left = this.next() * total;
    for (let i = 0; i < items.length; i++) {
      left -= 1 / (i + 1);
      if (left <= 0) return items[i];
    }
    return items.at(-1);
  }

  /** Waiting times of independent people (exponential). */
  pauseMs(meanMs) {
    return Math.min(-Math.log(1 - this.next()) * meanMs, meanMs * 5);
  }
}
