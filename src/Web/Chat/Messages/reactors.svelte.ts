import { SvelteMap } from 'svelte/reactivity';
import { api } from '../../Http/api';
import { names } from '../Members/names.svelte';
import { words } from './words';

const NamesMax = 20;
const KeptMax = 200;
/** The events of a reaction that are looked at; of a busier one only the first people are named. */
const EventsMax = 100;

/** Who reacted with an emoji, read when a pointer or the focus asks. */
class WhoReacted {
  readonly #kept = new SvelteMap<string, readonly string[]>();

  of(messageId: string, emoji: string, count: number): string | undefined {
    const who = this.#kept.get(`${messageId} ${emoji} ${count}`);
    if (who === undefined || who.length === 0) return undefined;
    const named = who.slice(0, NamesMax).map(id => names.of(id));
    const more = count - named.length;
    return words().reactedBy([...named, ...(more > 0 ? [words().andMore(more)] : [])].join(', '));
  }

  async read(messageId: string, emoji: string, count: number): Promise<void> {
    const key = `${messageId} ${emoji} ${count}`;
    if (this.#kept.has(key)) return;
    if (this.#kept.size >= KeptMax) this.#kept.clear();
    this.#kept.set(key, []);
    try {
      const { items } = await api.get('/api/v1/messages/{messageId}/reactions/{emoji}/events', {
        path: { messageId, emoji },
        query: { Limit: EventsMax },
      });
      const who = new Set<string>();
      for (const { accountId, change } of items) {
        if (accountId === null) continue;
        if (change > 0) who.add(accountId);
        else who.delete(accountId);
      }
      this.#kept.set(key, [...who]);
    } catch {
      this.#kept.delete(key);
    }
  }
}

export const whoReacted = new WhoReacted();
