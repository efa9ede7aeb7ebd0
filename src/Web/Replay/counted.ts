import type { Answer } from '@veza/client';
import { api } from '../Http/api';

/** A number that is shown, and whose it is. */
export type Counted =
  | { readonly kind: 'track'; readonly id: string; readonly number: 'plays' | 'likes' | 'reposts' | 'comments' }
  | { readonly kind: 'account'; readonly id: string; readonly number: 'followers' | 'following' | 'tracks' }
  | { readonly kind: 'community'; readonly id: string; readonly number: 'members' }
  | { readonly kind: 'message'; readonly id: string; readonly emoji: string };

/** The part of the events behind a number that is asked for. */
export interface CountedPart {
  /** A position. */
  readonly after?: number | undefined;
  /** The span of a chart, for its number of plays. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
}

export type CountedPage = Answer<'get', '/api/v1/tracks/{trackId}/counts/{number}/events'>;
export type CountedEvent = CountedPage['items'][number];

/** The events that changed the number, oldest first. */
export function countedEvents(of: Counted, part: CountedPart, signal: AbortSignal): Promise<CountedPage> {
  const query = {
    Limit: part.limit,
    ...(part.after !== undefined && { After: part.after }),
    ...(part.since !== undefined && { Since: part.since }),
    ...(part.until !== undefined && { Until: part.until }),
  };
  switch (of.kind) {
    case 'track': {
      const path = { trackId: of.id, number: of.number };
      return api.get('/api/v1/tracks/{trackId}/counts/{number}/events', { path, query, signal });
    }
    case 'account': {
      const path = { accountId: of.id, number: of.number };
      return api.get('/api/v1/accounts/{accountId}/counts/{number}/events', { path, query, signal });
    }
    case 'community': {
      const path = { communityId: of.id, number: of.number };
      return api.get('/api/v1/communities/{communityId}/counts/{number}/events', { path, query, signal });
    }
    case 'message': {
      const path = { messageId: of.id, emoji: of.emoji };
      return api.get('/api/v1/messages/{messageId}/reactions/{emoji}/events', { path, query, signal });
    }
  }
}

/** Each event with what the number was after it. */
export function withTotals(events: readonly CountedEvent[]): readonly { event: CountedEvent; total: number }[] {
  let total = 0;
  return events.map(event => ({ event, total: (total += event.change) }));
}

/** An event type for people: `track_liked` as "Track liked". */
export function typeInWords(type: string): string {
  const words = type
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
