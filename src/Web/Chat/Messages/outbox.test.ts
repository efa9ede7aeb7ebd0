import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { added, restored, settled, WaitingMax, type Waiting } from './outbox';

const waiting = (key: string, rest: Partial<Waiting> = {}): Waiting => ({
  key,
  channelId: 'c',
  text: 'hello',
  replyTo: null,
  at: '2026-01-01T00:00:00Z',
  state: 'sending',
  ...rest,
});
const sent = (rest: object = {}): Item =>
  ({
    position: 1,
    type: 'messageSent',
    topics: [],
    at: '',
    by: null,
    data: { messageId: 'm', channelId: 'c', authorId: 'me', text: 'hello', replyTo: null, ...rest },
  }) as never;
const keys = (all: readonly Waiting[]): string[] => all.map(({ key }) => key);

describe('the outbox', () => {
  it('lets go of the oldest of equal messages when one arrives', () =>
    expect(keys(settled([waiting('a'), waiting('b')], sent(), 'me'))).toEqual(['b']));

  it('keeps what another person, channel or text is about', () => {
    const all = [waiting('a')];
    expect(settled(all, sent({ authorId: 'ann' }), 'me')).toBe(all);
    expect(settled(all, sent({ channelId: 'd' }), 'me')).toBe(all);
    expect(settled(all, sent({ text: 'other' }), 'me')).toBe(all);
    expect(settled(all, sent({ replyTo: 'x' }), 'me')).toBe(all);
  });

  it('keeps what failed: only its sender sends it again', () => {
    const all = [waiting('a', { state: 'failed' })];
    expect(settled(all, sent(), 'me')).toBe(all);
  });

  it('is bounded', () => {
    const all = Array.from({ length: WaitingMax + 5 }, (_, i) => waiting(`${i}`)).reduce<readonly Waiting[]>(added, []);
    expect(all).toHaveLength(WaitingMax);
    expect(all[0]?.key).toBe('5');
  });

  it('survives a reload, with the same key, as not sent', () => {
    const left = [waiting('a'), waiting('b', { state: 'failed', reason: 'why' }), { key: 1 }];
    const kept = JSON.parse(JSON.stringify(left));
    expect(restored(kept, 'closed')).toEqual([
      waiting('a', { state: 'failed', reason: 'closed' }),
      waiting('b', { state: 'failed', reason: 'why' }),
    ]);
    expect(restored('nonsense', 'closed')).toEqual([]);
  });
});
