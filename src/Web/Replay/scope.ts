import { session } from '../Accounts/session.svelte';

const LogRead = 'log:read';

/**
 * Whether the token of this session opens the log. The server decides; this only leaves out links that lead nowhere.
 */
export function mayReadLog(): boolean {
  return scopesOf(session.current?.accessToken ?? '').includes(LogRead);
}

/** The scopes in an access token; none in what is not one. */
export function scopesOf(token: string): readonly string[] {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { scope } = JSON.parse(atob(payload)) as { scope?: unknown };
    return typeof scope === 'string' ? scope.split(' ').filter(name => name !== '') : [];
  } catch {
    return [];
  }
}
