import { isKnown, type components, type Item } from '@veza/client';

export type Account = components['schemas']['AccountView'];

export interface Profile {
  readonly account: Account;
  /** The numbers count every event up to here. */
  readonly counted: number;
  readonly me: string;
}

/**
 * The profile after an item of the reader's own account: what the reader does to it, and everything when it is the
 * reader's own.
 */
export function applyToProfile(profile: Profile, item: Item): Profile {
  if (!isKnown(item)) return profile;
  const { account, me } = profile;
  if (item.type === 'followStarted' || item.type === 'followStopped') {
    const { followerId, followeeId } = item.data;
    if (followerId !== account.id && followeeId !== account.id) return profile;
    const started = item.type === 'followStarted';
    const change = started ? 1 : -1;
    const by = item.position <= profile.counted ? 0 : change;
    const followed = followerId === me && followeeId === account.id ? started : (account.followed ?? false);
    const followers = account.followers + (followeeId === account.id ? by : 0);
    const following = account.following + (followerId === account.id ? by : 0);
    return { ...profile, account: { ...account, followed, followers, following } };
  }
  if (item.type === 'trackUploaded' && item.data.ownerId === account.id && item.position > profile.counted)
    return { ...profile, account: { ...account, tracks: account.tracks + 1 } };
  return profile;
}
