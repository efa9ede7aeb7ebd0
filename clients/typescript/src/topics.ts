/** A topic to follow. `log` has all events, and needs the scope `log:read`. */
export type Topic =
  | `channel:${string}`
  | `account:${string}`
  | `track:${string}`
  | `broadcast:${string}`
  | `community:${string}`
  | 'communities:mine'
  | 'chart:top'
  | 'chart:trending'
  | 'log';

/** The names of topics, made of ids (UUIDs in lower case). */
export const Topics = {
  channel: (id: string): Topic => `channel:${id}`,
  /** Only the caller's account: followers, replies, likes, and activities of the accounts it follows. */
  account: (id: string): Topic => `account:${id}`,
  track: (id: string): Topic => `track:${id}`,
  broadcast: (id: string): Topic => `broadcast:${id}`,
  community: (id: string): Topic => `community:${id}`,
  /** Every community the caller is a member of, with its channels, from joining to leaving. */
  myCommunities: 'communities:mine',
  topChart: 'chart:top',
  trendingChart: 'chart:trending',
  log: 'log',
} as const;
