import { RestClient } from '@veza/client';
import { untrack } from 'svelte';
import { session } from '../Accounts/session.svelte';

/** The API, as the person who is signed in. Calls without a session go without a token. */
export const api = new RestClient({
  url: '',
  // A renewed token must not make screens read again what they read with the former one.
  accessToken: () => untrack(() => session.accessToken()),
  unauthorized: () => session.renew(session.current?.accessToken),
});
