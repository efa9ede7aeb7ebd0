import type { Comment } from '../../Music/Tracks/track';

/** How far apart two pins are at least, as a share of the track. */
export const ApartMin = 0.018;

/** How long a comment is shown while its moment passes. */
export const ShownMs = 5_000;

export interface Pin {
  readonly comment: Comment;
  /** 0 to 1. */
  readonly share: number;
}

/** The comments that get a pin on the wave: of those too close together, the first. */
export function pinsOf(comments: readonly Comment[], durationMs: number): Pin[] {
  const pins: Pin[] = [];
  let last = -1;
  for (const comment of comments) {
    const share = durationMs === 0 ? 0 : Math.min(comment.atMs / durationMs, 1);
    if (last >= 0 && share - last < ApartMin) continue;
    pins.push({ comment, share });
    last = share;
  }
  return pins;
}

/** The comment whose moment passes now. Comments are in the order of their moments. */
export const passing = (comments: readonly Comment[], positionMs: number): Comment | undefined =>
  comments.findLast(comment => comment.atMs <= positionMs && positionMs < comment.atMs + ShownMs);
