import { describe, expect, it } from 'vitest';
import { categoryIdOf, firstOf, grouped, placeDown, placeIn, placeUp } from './channelGroups';
import type { Channel, ChannelKind } from './community';

const channel = (
  id: string,
  rank: number,
  categoryId: string | null = null,
  kind: ChannelKind = 'text',
): Channel => ({
  id,
  name: id,
  kind,
  topic: null,
  slowModeSeconds: 0,
  nsfw: false,
  categoryId,
  rank,
});

const channels = [
  channel('late', 2, null, 'category'),
  channel('early', 1, null, 'category'),
  channel('second', 3),
  channel('first', 0),
  channel('same', 3),
  channel('e2', 2, 'early'),
  channel('e1', 1, 'early'),
  channel('stray', 1, 'unseen'),
  channel('stray2', 2, 'unseen'),
];
const groups = grouped(channels);
const find = (id: string): Channel => channels.find(one => one.id === id)!;

describe('the groups of channels', () => {
  it('are those in no category, then each category, in the order of the ranks', () =>
    expect(groups.map(group => [group.category?.id, ...group.channels.map(({ id }) => id)])).toEqual([
      [undefined, 'first', 'second', 'same', 'stray', 'stray2'],
      ['early', 'e1', 'e2'],
      ['late'],
    ]));

  it('list a channel of a category that is not seen in none', () =>
    expect(categoryIdOf(groups, find('stray'))).toBeNull());

  it('begin with a channel, never with a category', () => {
    expect(firstOf(channels)?.id).toBe('first');
    expect(firstOf([find('late'), find('early'), find('e2')])?.id).toBe('e2');
    expect(firstOf([find('late')])).toBeUndefined();
  });
});

describe('a channel that moves', () => {
  it('goes before the one above it', () => {
    expect(placeUp(groups, find('first'))).toBeUndefined();
    expect(placeUp(groups, find('second'))).toEqual({ categoryId: null, afterChannelId: null });
    expect(placeUp(groups, find('same'))).toEqual({ categoryId: null, afterChannelId: 'first' });
    expect(placeUp(groups, find('e2'))).toEqual({ categoryId: 'early', afterChannelId: null });
    expect(placeUp(groups, find('late'))).toEqual({ categoryId: null, afterChannelId: null });
  });

  it('goes after the one below it', () => {
    expect(placeDown(groups, find('first'))).toEqual({ categoryId: null, afterChannelId: 'second' });
    expect(placeDown(groups, find('e1'))).toEqual({ categoryId: 'early', afterChannelId: 'e2' });
    expect(placeDown(groups, find('e2'))).toBeUndefined();
    expect(placeDown(groups, find('early'))).toEqual({ categoryId: null, afterChannelId: 'late' });
  });

  it('is never placed after a channel whose category is not seen', () => {
    expect(placeUp(groups, find('stray2'))).toEqual({ categoryId: null, afterChannelId: 'same' });
    expect(placeDown(groups, find('stray'))).toBeUndefined();
    expect(placeIn(groups, null)).toEqual({ categoryId: null, afterChannelId: 'same' });
  });

  it('is the last in another category', () => {
    expect(placeIn(groups, 'early')).toEqual({ categoryId: 'early', afterChannelId: 'e2' });
    expect(placeIn(groups, 'late')).toEqual({ categoryId: 'late', afterChannelId: null });
  });
});
