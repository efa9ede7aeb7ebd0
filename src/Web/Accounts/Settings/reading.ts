import { resource, type Resource } from '../../Live/resource.svelte';

/** A state that is read once, and that no live topic changes. */
export const reading = <State>(read: (signal: AbortSignal) => Promise<State>): Resource<State> =>
  resource(() => ({
    read: async signal => ({ state: await read(signal), position: undefined }),
    topics: () => [],
    apply: state => state,
  }));
