import type { Link } from './link.js';
import type { Interrupted, PresenceChanged, Watching } from './messages.js';
import { interrupted, ResumedStream, type Taken } from './stream.js';

type Sent = Omit<PresenceChanged, 'kind'>;

/** Presence and typing over any number of connections. What happens between two of them is lost. */
export class Watch extends ResumedStream<Sent, PresenceChanged | Watching> {
  #topics: readonly string[];

  constructor(link: Link, topics: readonly string[], patienceMs: number, signal: AbortSignal) {
    super(link, patienceMs, signal);
    this.#topics = topics;
  }

  protected override get name(): string {
    return `the presence of ${this.#topics.join()}`;
  }

  protected override request(): [string, readonly unknown[]] {
    return ['Watch', [this.#topics]];
  }

  protected override begun(): readonly Watching[] {
    return [{ kind: 'watching' }];
  }

  protected override overflowed(): Interrupted {
    return interrupted('lost', 'the caller read too slowly, so messages were dropped');
  }

  protected override take(message: Sent): Taken<PresenceChanged> {
    this.worked();
    this.#topics = this.#topics.filter(topic => !message.closed.includes(topic));
    return { updates: [{ kind: 'presence', ...message }], isLast: this.#topics.length === 0 };
  }
}
