import { SvelteMap } from 'svelte/reactivity';
import { api } from '../../Http/api';

const KeptMax = 500;

const names = new SvelteMap<string, string>();
const asked = new Set<string>();

async function ask(accountId: string): Promise<void> {
  try {
    const { userName } = await api.get('/api/v1/accounts/{accountId}', { path: { accountId } });
    if (names.size >= KeptMax) names.clear();
    names.set(accountId, userName);
  } catch {
    // The name stays empty: the account is gone, or the server is away.
    names.set(accountId, '');
  }
}

/** The user name of an account that a live item names by its id alone; empty until it is read. */
export function nameOf(account: { readonly id: string; readonly userName: string }): string {
  if (account.userName !== '') return account.userName;
  const found = names.get(account.id);
  if (found === undefined && !asked.has(account.id)) {
    asked.add(account.id);
    void ask(account.id).finally(() => asked.delete(account.id));
  }
  return found ?? '';
}
