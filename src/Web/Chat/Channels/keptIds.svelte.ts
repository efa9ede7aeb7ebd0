import { SvelteMap } from 'svelte/reactivity';
import { session } from '../../Accounts/session.svelte';
import { idsOf, withId } from './keptIds';

/** What each account has chosen on this device of some kind, such as the categories that it has collapsed. */
class KeptIds {
  /** Changed while the page is open, by account. */
  readonly #changed = new SvelteMap<string, readonly string[]>();

  constructor(private readonly name: string) {}

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  set(id: string, on: boolean): void {
    const ids = withId(this.#ids, id, on);
    this.#changed.set(session.me, ids);
    try {
      localStorage.setItem(this.#key, JSON.stringify(ids));
    } catch {
      // Without storage it holds until the page closes.
    }
  }

  get #ids(): readonly string[] {
    return this.#changed.get(session.me) ?? this.#kept();
  }

  get #key(): string {
    return `${this.name}.${session.me}`;
  }

  #kept(): readonly string[] {
    try {
      return idsOf(localStorage.getItem(this.#key));
    } catch {
      return [];
    }
  }
}

/** Categories of which only the heading shows. */
export const collapsed = new KeptIds('veza.collapsed');

/** Channels with adult content that were opened in spite of the warning. */
export const adult = new KeptIds('veza.adult');
