import { SvelteMap } from 'svelte/reactivity';
import { api } from '../Http/api';

/** Names that are kept; each cost a request. */
const NamesMax = 1_000;

const names = new SvelteMap<string, string>();
const asked = new Set<string>();

/** The user name of an account; undefined until it is read, or when there is no such account. */
export function nameOf(accountId: string): string | undefined {
  return names.get(accountId);
}

/** Reads the names that are not known yet. */
export async function learnNames(accountIds: Iterable<string>): Promise<void> {
  const unknown = [...new Set(accountIds)].filter(id => !asked.has(id));
  for (const accountId of unknown) {
    asked.add(accountId);
    try {
      const { userName } = await api.get('/api/v1/accounts/{accountId}', { path: { accountId } });
      if (names.size >= NamesMax) names.clear();
      names.set(accountId, userName);
    } catch {
      // Without its name an account is shown by its id.
    }
  }
}
