import { isKnown, type components, type Item } from '@veza/client';

export type Track = components['schemas']['TrackView'];
export type Comment = components['schemas']['CommentView'];

/** A track with its comments, as its page shows them. */
export interface TrackState {
  readonly track: Track;
  /** In the order of their moments. */
  readonly comments: readonly Comment[];
  /** The numbers count every event up to here. */
  readonly counted: number;
  /** The position at which it became ready, when this screen saw that: reads of its files wait for it. */
  readonly readyAt?: number;
  readonly me: string;
}

const inOrder = (comments: readonly Comment[]): Comment[] =>
  comments.toSorted((a, b) => a.atMs - b.atMs || a.position - b.position);

export function withComments(state: TrackState, more: readonly Comment[]): TrackState {
  const known = new Set(state.comments.map(comment => comment.id));
  const added = more.filter(comment => !known.has(comment.id));
  return added.length === 0 ? state : { ...state, comments: inOrder([...state.comments, ...added]) };
}

/** A state as it is read. */
export const stateOf = (track: Track, comments: readonly Comment[], counted: number, me: string): TrackState => ({
  track,
  comments: inOrder(comments),
  counted,
  me,
});

type CountName = 'plays' | 'likes' | 'reposts' | 'comments';

function count(state: TrackState, item: Item, number: CountName, by: 1 | -1): TrackState {
  if (item.position <= state.counted) return state;
  return { ...state, track: { ...state.track, [number]: state.track[number] + by } };
}

const mark = (state: TrackState, accountId: string, change: Partial<Track>): TrackState =>
  accountId === state.me ? { ...state, track: { ...state.track, ...change } } : state;

/** The state after an item of its topic. */
export function applyToTrack(state: TrackState, item: Item): TrackState {
  if (!isKnown(item) || !('trackId' in item.data) || item.data.trackId !== state.track.id) return state;
  switch (item.type) {
    case 'trackProcessed': {
      const { renditions, waveforms = [] } = item.data;
      const track: Track = { ...state.track, status: 'ready', renditions, waveforms };
      return { ...state, track, readyAt: item.position };
    }
    case 'trackProcessingFailed':
      return { ...state, track: { ...state.track, status: 'failed', failure: item.data.reason } };
    case 'playCounted':
      return count(state, item, 'plays', 1);
    case 'trackLiked':
      return mark(count(state, item, 'likes', 1), item.data.accountId, { liked: true });
    case 'trackUnliked':
      return mark(count(state, item, 'likes', -1), item.data.accountId, { liked: false });
    case 'trackReposted':
      return mark(count(state, item, 'reposts', 1), item.data.accountId, { reposted: true });
    case 'trackRepostRemoved':
      return mark(count(state, item, 'reposts', -1), item.data.accountId, { reposted: false });
    case 'trackCommented': {
      const { commentId, authorId, text, atMs } = item.data;
      const comment: Comment = {
        id: commentId,
        author: { id: authorId, userName: '' },
        text,
        atMs,
        createdAt: item.at,
        position: item.position,
      };
      return withComments(count(state, item, 'comments', 1), [comment]);
    }
    default:
      return state;
  }
}
