import { logType } from '../names.mjs';

/** Items that arrive this soon after a resume were waiting for it, and do not show the latency of live items. */
const CatchingUpMs = 1_000;

/**
 * One cursor over some topics: the items that arrived, and violations of the protocol. A batch's `previous` is the
 * position that this client must have, so a lost or repeated batch shows immediately, also across a broken connection.
 */
export class Watch {
  constructor(name, topics, after) {
    Object.assign(this, { name, topics, after });
    this.position = after;
    this.epoch = null;
    this.items = [];
    /** The levels of the broadcasts among the topics, which are no items. */
    this.levels = [];
    this.faults = [];
    this.resumed = 0;
    this.refusal = null;
    this.caughtUpAt = performance.now() + CatchingUpMs;
  }

  /** Called when its connection broke and it resumes from its position. */
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
      if (item.position > batch.position)
        this.faults.push(`item ${item.position} lies beyond its batch's position ${batch.position}`);
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
    if (this.epoch !== null && epoch !== this.epoch)
      this.faults.push(`the epoch changed from ${this.epoch} to ${epoch}`);
    if (this.position !== null && previous !== this.position)
      this.faults.push(`a batch follows position ${previous}, but this client is at ${this.position}`);
    if (position < previous) this.faults.push(`a batch goes back from ${previous} to ${position}`);
    this.epoch = epoch;
  }
}
