import { SvelteMap } from 'svelte/reactivity';
import { api } from '../../Http/api';

/** Names that are kept; beyond, all are read again. */
const KeptMax = 5_000;
const ReadsAtOnce = 4;

/** The names of accounts, as far as they are known; unknown ones are read when they are asked for. */
class Names {
  readonly #known = new SvelteMap<string, string>();
  readonly #wanted = new Set<string>();
  #running = 0;

  /** Empty until it is known. */
  of(id: string): string {
    const name = this.#known.get(id);
    if (name === undefined && !this.#wanted.has(id)) {
      this.#wanted.add(id);
      queueMicrotask(() => void this.#read());
    }
    return name ?? '';
  }

  know(accounts: Iterable<{ readonly id: string; readonly userName: string }>): void {
    if (this.#known.size > KeptMax) this.#known.clear();
    for (const { id, userName } of accounts) if (this.#known.get(id) !== userName) this.#known.set(id, userName);
  }

  async #read(): Promise<void> {
    if (this.#running >= ReadsAtOnce) return;
    this.#running++;
    for (const id of this.#wanted) {
      this.#wanted.delete(id);
      if (this.#known.has(id)) continue;
      const found = await api
        .get('/api/v1/accounts/{accountId}', { path: { accountId: id } })
        .catch(() => ({ id, userName: '' }));
      this.know([found]);
    }
    this.#running--;
  }
}

export const names = new Names();
