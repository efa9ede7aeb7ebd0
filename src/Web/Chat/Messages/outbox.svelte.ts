import { Problem, Unreachable, type Item } from '@veza/client';
import { session } from '../../Accounts/session.svelte';
import { explain } from '../../Design/explain';
import { api } from '../../Http/api';
import { added, changed, removed, restored, settled, type Waiting } from './outbox';
import { words } from './words';

const keyOf = (me: string): string => `veza.outbox.${me}`;

/** A message that the server took. */
export interface Sent {
  readonly waiting: Waiting;
  readonly id: string;
  readonly position: number;
}

/** Messages on their way, or not sent; kept on this device until they are. */
class Outbox {
  #all: readonly Waiting[] = $state.raw([]);
  #of: string | undefined;
  /** Keys that no server was reached for: they go out by themselves once one is. */
  readonly #unreached = new Set<string>();
  /** Messages of one channel are sent one after the other, in the order they were written. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<(sent: Sent) => void>();
  /** By channel: until when slow mode lets this person write no more, in ms. */
  slowUntil: Readonly<Record<string, number>> = $state.raw({});

  constructor() {
    addEventListener('online', () => this.sendUnreached());
  }

  in(channelId: string): readonly Waiting[] {
    this.#load();
    return this.#all.filter(one => one.channelId === channelId);
  }

  /** Calls back for each message that the server took. */
  onSent(listener: (sent: Sent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(channelId: string, text: string, replyTo: string | null): void {
    this.#load();
    const one: Waiting = {
      key: crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`,
      channelId,
      text,
      replyTo,
      at: new Date().toISOString(),
      state: 'sending',
    };
    this.#keep(added(this.#all, one));
    this.#queue(one);
  }

  /** Sends a failed one again, under the same key: it happens once, also if the first attempt did arrive. */
  again(key: string): void {
    const one = this.#all.find(waiting => waiting.key === key);
    if (one === undefined || one.state === 'sending') return;
    this.#unreached.delete(key);
    this.#keep(changed(this.#all, key, { state: 'sending', reason: undefined }));
    this.#queue(one);
  }

  /** Slow mode: this person may write again in that channel after so long. */
  wait(channelId: string, forS: number): void {
    this.slowUntil = { ...this.slowUntil, [channelId]: Date.now() + forS * 1000 };
  }

  sendUnreached(): void {
    for (const key of [...this.#unreached]) this.again(key);
  }

  drop(key: string): void {
    this.#unreached.delete(key);
    this.#keep(removed(this.#all, key));
  }

  settle(item: Item): void {
    const next = settled(this.#all, item, session.me);
    if (next !== this.#all) this.#keep(next);
  }

  #queue(one: Waiting): void {
    const turn = (this.#turns.get(one.channelId) ?? Promise.resolve()).then(() => this.#post(one));
    this.#turns.set(one.channelId, turn);
    void turn.finally(() => this.#turns.get(one.channelId) === turn && this.#turns.delete(one.channelId));
  }

  async #post(one: Waiting): Promise<void> {
    try {
      const { id, position } = await api.post('/api/v1/channels/{channelId}/messages', {
        path: { channelId: one.channelId },
        body: { text: one.text, replyTo: one.replyTo },
        idempotencyKey: one.key,
      });
      this.#keep(removed(this.#all, one.key));
      for (const listener of this.#listeners) listener({ waiting: one, id, position });
    } catch (error) {
      if (error instanceof Problem && error.code === Unreachable) this.#unreached.add(one.key);
      if (error instanceof Problem && error.code === 'slow_mode' && error.retryAfterS !== undefined)
        this.wait(one.channelId, error.retryAfterS);
      this.#keep(changed(this.#all, one.key, { state: 'failed', reason: explain(error) }));
    }
  }

  /** What this account left on this device. */
  #load(): void {
    if (this.#of === session.me) return;
    this.#of = session.me;
    let kept: unknown;
    try {
      kept = JSON.parse(localStorage.getItem(keyOf(session.me)) ?? '[]');
    } catch {
      kept = [];
    }
    const all = restored(kept, words().notSent);
    // Read while the page is drawn, when state must not change at once.
    queueMicrotask(() => (this.#all = [...all, ...this.#all]));
  }

  #keep(all: readonly Waiting[]): void {
    this.#all = all;
    try {
      if (all.length === 0) localStorage.removeItem(keyOf(session.me));
      else localStorage.setItem(keyOf(session.me), JSON.stringify(all));
    } catch {
      // Without storage they last as long as the tab.
    }
  }
}

export const outbox = new Outbox();
