import { api } from '../Http/api';
import { leave } from '../Live/live';
import { navigate } from '../Routing/router.svelte';
import { session } from './session.svelte';

/** Ends the session here even when the server does not answer; it then ends there when its token expires. */
export async function signOut(): Promise<void> {
  await api.delete('/api/v1/sessions/current').catch(() => undefined);
  leave();
  session.end('signedOut');
  navigate('/sign-in', { replace: true });
}
