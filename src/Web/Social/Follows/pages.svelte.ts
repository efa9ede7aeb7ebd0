import { untrack } from 'svelte';

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** A list that is read page by page, newest first. */
export class Pages<Item extends { readonly position: number }> {
  items: readonly Item[] | undefined = $state.raw();
  more: boolean = $state(false);
  busy: boolean = $state(false);
  error: unknown = $state.raw();
  readonly #read: (before: number | undefined, signal: AbortSignal) => Promise<PageOf<Item>>;
  readonly #signal: AbortSignal;

  constructor(read: (before: number | undefined, signal: AbortSignal) => Promise<PageOf<Item>>, signal: AbortSignal) {
    this.#read = read;
    this.#signal = signal;
  }

  /** Reads the next page; the first one at first. */
  async load(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = undefined;
    try {
      const { items, next } = await this.#read(this.items?.at(-1)?.position, this.#signal);
      this.items = [...(this.items ?? []), ...items];
      this.more = next !== null;
    } catch (error) {
      if (!this.#signal.aborted) this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

/** Pages of a component; what `make` reads is tracked, so another account is another list. */
export function pages<Item extends { readonly position: number }>(
  make: () => (before: number | undefined, signal: AbortSignal) => Promise<PageOf<Item>>,
): { readonly current: Pages<Item> | undefined } {
  let current: Pages<Item> | undefined = $state.raw();
  $effect(() => {
    const read = make();
    const ending = new AbortController();
    untrack(() => {
      current = new Pages(read, ending.signal);
      void current.load();
    });
    return () => ending.abort();
  });
  return {
    get current() {
      return current;
    },
  };
}
