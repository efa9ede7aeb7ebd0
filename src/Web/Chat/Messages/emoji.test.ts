import data from 'emojibase-data/en/compact.json';
import french from 'emojibase-data/fr/compact.json';
import messages from 'emojibase-data/en/messages.json';
import { describe, expect, it, vi } from 'vitest';

vi.mock('../../Language/language.svelte', () => ({ language: () => 'en' }));
const { found, groupsOf } = await import('./emoji');

const groups = groupsOf(data, messages.groups);
const texts = (query: string): string[] => found(groups, query, 10).map(({ text }) => text);

describe('emoji', () => {
  it('are in groups without the parts that others are made of', () => {
    expect(groups).toHaveLength(9);
    expect(groups.every(({ emoji }) => emoji.length > 50)).toBe(true);
  });

  it('are found by their names and tags', () => {
    expect(texts('thumbs up')).toContain('👍');
    expect(texts('THUMB')).toContain('👍');
    expect(texts('pizza')[0]).toBe('🍕');
    expect(texts('no such thing')).toEqual([]);
    expect(texts(' ')).toEqual([]);
  });

  it('are found without accents', () =>
    expect(found(groupsOf(french, messages.groups), 'cafe', 20).length).toBeGreaterThan(0));
});
