import type { Link } from './link.js';
import { isLast, type Batch, type Interrupted, type ServerMessage } from './messages.js';
import { breakIn, type Place } from './sequence.js';
import { interrupted, ResumedStream, type Taken } from './stream.js';

/** After this many batches in a row that do not follow, the server is at fault and the subscription fails. */
const BreaksInARowMax = 5;

/** One subscription over any number of connections. */
export class Subscription extends ResumedStream<ServerMessage, ServerMessage> {
  #topics: readonly string[];
  #place: Place;
  #breaks = 0;

  constructor(link: Link, topics: readonly string[], place: Place, patienceMs: number, signal: AbortSignal) {
    super(link, patienceMs, signal);
    this.#topics = topics;
    this.#place = place;
  }

  protected override get name(): string {
    return this.#topics.join();
  }

  protected override nameOf = (message: ServerMessage): string | undefined =>
    message.kind === 'level' ? message.broadcastId : undefined;

  protected override request(): [string, readonly unknown[]] {
    const { epoch, position } = this.#place;
    if (epoch === undefined || position === undefined) return ['Subscribe', [this.#topics, position ?? null]];
    return ['Resume', [this.#topics, position, epoch]];
  }

  protected override take(message: ServerMessage): Taken<ServerMessage> {
    if (message.kind === 'batch') return this.#follow(message) ?? { updates: [message] };
    if (message.kind === 'topicsClosed')
      this.#topics = this.#topics.filter(topic => !message.topics.includes(topic));
    return { updates: [message], isLast: isLast(message) };
  }

  #follow(batch: Batch): Interrupted | undefined {
    const wrong = breakIn(this.#place, batch);
    if (wrong !== undefined) {
      if (++this.#breaks >= BreaksInARowMax)
        throw new Error(`${this.#topics.join()}: ${wrong}, ${this.#breaks} times in a row`);
      return interrupted('outOfSequence', wrong);
    }
    this.#place = { epoch: batch.epoch, position: batch.position };
    this.#breaks = 0;
    this.worked();
    return undefined;
  }
}
