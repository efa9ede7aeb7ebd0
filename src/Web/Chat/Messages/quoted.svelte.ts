import { SvelteMap } from 'svelte/reactivity';
import { api } from '../../Http/api';
import { names } from '../Members/names.svelte';
import { messageOf } from './conversation.svelte';
import type { Message } from './history';

const KeptMax = 500;

/** Messages that others reply to, and that are not among those of the screen. */
class Quoted {
  readonly #kept = new SvelteMap<string, Message | null>();
  readonly #asked = new Set<string>();

  /** Undefined until it is read; null when there is no such message any more. */
  of(id: string): Message | null | undefined {
    if (!this.#asked.has(id)) {
      if (this.#asked.size >= KeptMax) this.#asked.clear();
      this.#asked.add(id);
      queueMicrotask(() => void this.#read(id));
    }
    return this.#kept.get(id);
  }

  async #read(id: string): Promise<void> {
    if (this.#kept.size >= KeptMax) this.#kept.clear();
    try {
      const view = await api.get('/api/v1/messages/{messageId}', { path: { messageId: id } });
      names.know([view.author]);
      this.#kept.set(id, messageOf(view, view.position));
    } catch {
      this.#kept.set(id, null);
    }
  }
}

export const quoted = new Quoted();
