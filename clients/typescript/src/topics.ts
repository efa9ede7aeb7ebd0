/** What can be followed. `log` is everything there is, and needs the scope `log:read`. */
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
  /** Only one's own account: followers, replies, likes, and what those one follows do. */
  account: (id: string): Topic => `account:${id}`,
  track: (id: string): Topic => `track:${id}`,
  broadcast: (id: string): Topic => `broadcast:${id}`,
  community: (id: string): Topic => `community:${id}`,
  /** Every community one is a member of, with its channels, from joining to leaving. */
  myCommunities: 'communities:mine',
  topChart: 'chart:top',
  trendingChart: 'chart:trending',
  log: 'log',
} as const;
