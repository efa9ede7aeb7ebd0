import { describe, expect, it } from 'vitest';
import type { Comment } from '../../Music/Tracks/track';
import { passing, pinsOf, ShownMs } from './pins';

const at = (atMs: number): Comment => ({ id: `${atMs}`, atMs, text: '', createdAt: '', position: 1 }) as Comment;

describe('pins', () => {
  it('are where their comments are, and leave out what they would cover', () => {
    const pins = pinsOf([at(0), at(500), at(2_000), at(99_999), at(200_000)], 100_000);
    expect(pins.map(pin => [pin.comment.atMs, pin.share])).toEqual([
      [0, 0],
      [2_000, 0.02],
      [99_999, 0.99999],
    ]);
    expect(pinsOf([at(5)], 0).map(pin => pin.share)).toEqual([0]);
  });

  it('show a comment while its moment passes', () => {
    const comments = [at(1_000), at(3_000)];
    expect(passing(comments, 500)).toBeUndefined();
    expect(passing(comments, 1_000)?.atMs).toBe(1_000);
    expect(passing(comments, 3_500)?.atMs).toBe(3_000);
    expect(passing(comments, 3_000 + ShownMs)).toBeUndefined();
  });
});
