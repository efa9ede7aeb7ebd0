import { RestClient } from '@veza/client';
import { session } from '../Accounts/session.svelte';

/** The API, as the person who is signed in. Calls without a session go without a token. */
export const api = new RestClient({
  url: '',
  accessToken: () => session.accessToken(),
  unauthorized: () => session.renew(session.current?.accessToken),
});
