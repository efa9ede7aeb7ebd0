import type { Touched } from './resources';
import { words } from './words';

/** What the parts of the API are called. */
export function partNames(): Readonly<Record<Touched['kind'], string>> {
  const { message, channel, channels, community, members, track, comments, accountOf, chart } = words();
  return { message, channel, channels, community, members, track, comments, account: accountOf, chart };
}
