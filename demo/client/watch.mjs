import { logType } from '../names.mjs';

/** What arrives this soon after a new start was waiting for it and says nothing of how fast live is. */
const CatchingUpMs = 1_000;

/**
 * One cursor over some topics: what arrived, and whether it came as promised. A batch's `previous` is the position this
 * client must be at, so that a lost or repeated batch shows at once, also across a broken connection.
 */
export class Watch {
  constructor(name, topics, after) {
    Object.assign(this, { name, topics, after });
    this.position = after;
    this.epoch = null;
    this.items = [];
    /** How loud the broadcasts among the topics were; these are no items. */
    this.levels = [];
    this.faults = [];
    this.resumed = 0;
    this.refusal = null;
    this.caughtUpAt = performance.now() + CatchingUpMs;
  }

  /** Its connection broke and it asks again from where it is. */
  goesOn() {
    this.resumed++;
    this.caughtUpAt = performance.now() + CatchingUpMs;
  }

  receive(batch) {
    this.#checkChain(batch);
    const arrivedAt = performance.now();
    for (const item of batch.items) {
      const last = this.items.at(-1)?.position ?? this.after ?? 0;
      if (item.position <= last) this.faults.push(`item ${item.position} ${item.type} came after item ${last}`);
      if (item.position > batch.position) this.faults.push(`item ${item.position} lies beyond its batch's position ${batch.position}`);
      this.items.push({
        position: item.position,
        type: logType(item.type),
        data: item.data,
        topics: item.topics,
        arrivedAt,
        catchingUp: arrivedAt < this.caughtUpAt,
      });
    }
    this.position = batch.position;
  }

  #checkChain({ epoch, previous, position }) {
    if (this.epoch !== null && epoch !== this.epoch) this.faults.push(`the epoch changed from ${this.epoch} to ${epoch}`);
    if (this.position !== null && previous !== this.position) this.faults.push(`a batch follows position ${previous}, but this client is at ${this.position}`);
    if (position < previous) this.faults.push(`a batch goes back from ${previous} to ${position}`);
    this.epoch = epoch;
  }
}
