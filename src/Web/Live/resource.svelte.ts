import type { Item, Topic } from '@veza/client';
import { untrack } from 'svelte';
import { follow } from './live';

/** A state, and the position that it includes all events up to. */
export interface ReadState<State> {
  readonly state: State;
  /** Undefined for a state that does not change any more, such as one of the past: it is not followed. */
  readonly position: number | undefined;
  readonly epoch?: string | undefined;
}

/** How a screen's state is read, and kept up to date. */
export interface Shape<State> {
  /**
   * What the state is of. While it stays the same, as when only the moment of the past changes, the former state stays
   * on the screen until the next one is read.
   */
  readonly of?: string;
  /** Reads the state by REST, with its position (`api.getWithPosition`). */
  read(signal: AbortSignal): Promise<ReadState<State>>;
  /** The topics whose items change the state. */
  topics(state: State): readonly Topic[];
  /**
   * The state after an item. An item may already be part of what was read: rows that have their own version or id must
   * come out the same. Counts take only items after the position that the read counted up to, `counted`.
   */
  apply(state: State, item: Item): State;
  /** The server closed topics, such as those of a community that the person left. */
  closed?(topics: readonly string[], reason: string): void;
  /** The person may see other channels of a community than before `position`. */
  channelsChanged?(communityId: string, position: number): void;
}

/**
 * A state on the screen: read once, then a fold over the items of its topics. After a lost connection it goes on where
 * it was. It is read again only when the server says that the client fell too far behind or that the log is another.
 */
export class Resource<State> {
  /** Undefined until it is read. */
  state: State | undefined = $state.raw();
  /** Why it could not be read or followed. */
  error: unknown = $state.raw();
  #tries = $state(0);

  /** Reads it again, after an error. */
  retry(): void {
    this.error = undefined;
    this.#tries++;
  }

  /** Changes the state at once, for what this person just did; the item that follows must come out the same. */
  update(change: (state: State) => State): void {
    if (this.state !== undefined) this.state = change(this.state);
  }

  /** Follows the shape until the signal is aborted. */
  async run(shape: Shape<State>, signal: AbortSignal): Promise<void> {
    let isRead = false;
    try {
      while (!signal.aborted) {
        const { state, position, epoch } = await shape.read(signal);
        if (signal.aborted) return;
        this.state = state;
        isRead = true;
        this.error = undefined;
        if (position === undefined) return;
        const topics = shape.topics(state);
        if (topics.length === 0) return;
        const place = { after: position, signal, ...(epoch !== undefined && { epoch }) };
        let over = false;
        await follow(topics, place, update => {
          if (update.kind === 'batch' && this.state !== undefined)
            this.state = update.items.reduce<State>((before, item) => shape.apply(before, item), this.state);
          else if (update.kind === 'topicsClosed') shape.closed?.(update.topics, update.reason);
          else if (update.kind === 'channelsChanged')
            shape.channelsChanged?.(update.communityId, update.position);
          else if (update.kind === 'closed') {
            over = true;
            shape.closed?.(topics, update.reason);
          }
        });
        if (over) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // What is shown may still be the former moment.
      if (!isRead) this.state = undefined;
      this.error = error;
    }
  }

  get tries(): number {
    return this.#tries;
  }
}

/**
 * A resource of a component, which ends with it. The shape is a function: what it reads is tracked, so another channel
 * is another state. Undefined shows nothing.
 */
export function resource<State>(shape: () => Shape<State> | undefined): Resource<State> {
  const made = new Resource<State>();
  let last: string | undefined;
  $effect(() => {
    const present = shape();
    void made.tries;
    if (present?.of === undefined || present.of !== last) untrack(() => (made.state = undefined));
    last = present?.of;
    if (present === undefined) return;
    const ending = new AbortController();
    void made.run(present, ending.signal);
    return () => ending.abort();
  });
  return made;
}
