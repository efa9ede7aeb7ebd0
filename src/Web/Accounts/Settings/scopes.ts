/** What an API key can be allowed, by resource; the API's description of `POST /api-keys` lists the same. */
export const scopes = {
  accounts: ['read'],
  broadcasts: ['read', 'write'],
  charts: ['read'],
  comments: ['read', 'write'],
  communities: ['read', 'write'],
  feed: ['read'],
  follows: ['read', 'write'],
  likes: ['read', 'write'],
  listening: ['read', 'write'],
  live: ['read'],
  log: ['read'],
  messages: ['read', 'write'],
  presence: ['read', 'write'],
  tracks: ['read', 'write'],
} as const;

export type Resource = keyof typeof scopes;

export const resources = Object.keys(scopes) as Resource[];
