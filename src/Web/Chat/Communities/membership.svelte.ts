import { navigate } from '../../Routing/router.svelte';
import { mine } from './mine.svelte';

/**
 * Whether this person is a member of a component's community; undefined while that is not known. Who stops being one,
 * as by a ban, is led to the other communities.
 */
export function membership(communityId: () => string): { readonly is: boolean | undefined } {
  let memberOf: string | undefined;
  const is = $derived(mine.state === undefined ? undefined : mine.find(communityId()) !== undefined);

  $effect(() => {
    const id = communityId();
    if (is) memberOf = id;
    else if (is === false && memberOf === id) navigate('/communities', { replace: true });
  });

  return {
    get is() {
      return is;
    },
  };
}
