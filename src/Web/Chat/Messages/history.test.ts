import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import {
  applied,
  HeldMax,
  movedTo,
  opened,
  reacted,
  RecentMax,
  sentIn,
  touched,
  withNewer,
  withOlder,
  without,
  withSent,
  type History,
  type Message,
  type Page,
} from './history';

const channelId = 'c';
const at = (position: number): string => new Date(Date.UTC(2026, 0, 1) + position * 1000).toISOString();
const item = (position: number, type: string, data: object): Item =>
  ({ position, type, topics: [], at: at(position), by: null, data: { channelId, ...data } }) as never;
const sent = (position: number, authorId = 'ann', text = `text ${position}`): Item =>
  item(position, 'messageSent', { messageId: `m${position}`, authorId, text, replyTo: null });
const edited = (position: number, of: number, text: string): Item =>
  item(position, 'messageEdited', { messageId: `m${of}`, authorId: 'ann', text });
const deleted = (position: number, of: number): Item =>
  item(position, 'messageDeleted', { messageId: `m${of}`, byMemberId: 'ann' });
const reaction = (position: number, of: number, memberId: string, adds = true): Item =>
  item(position, adds ? 'reactionAdded' : 'reactionRemoved', { messageId: `m${of}`, memberId, emoji: '👍' });

const message = (position: number, exactAt = position): Message => ({
  ...sentIn({ messageId: `m${position}`, authorId: 'ann', text: `text ${position}`, replyTo: null }, '', position),
  exactAt,
});
const page = (positions: readonly number[], position: number, hasMore = false): Page => ({
  messages: positions.map(at => message(at, position)),
  position,
  hasMore,
});
const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i);
const start = (positions: readonly number[], position: number): History =>
  opened('me', channelId, page(positions, position), false);
const ids = (history: History | undefined): string[] => history?.messages.map(({ id }) => id) ?? [];
const fold = (history: History, ...items: Item[]): History => items.reduce(applied, history);

describe('a history', () => {
  it('appends messages in their order, each once', () => {
    const history = fold(start([1, 2], 2), sent(3), sent(5), sent(3), sent(5));
    expect(ids(history)).toEqual(['m1', 'm2', 'm3', 'm5']);
    expect(history.position).toBe(5);
  });

  it('ignores items that the page includes', () => {
    const read = start([1], 9);
    expect(fold(read, reaction(8, 1, 'bob'), deleted(9, 1))).toEqual(read);
  });

  it('edits, and counts the edits', () => {
    const history = fold(start([1], 1), edited(2, 1, 'better'), edited(3, 1, 'best'));
    expect(history.messages[0]).toMatchObject({ text: 'best', edits: 2, editedAt: at(3) });
  });

  it('edits once, also when the page has the edit but not yet all reactions', () => {
    const ahead: Message = { ...message(1, 5), text: 'best', editedAt: at(8), edits: 2 };
    const read = opened('me', channelId, { messages: [ahead], position: 5, hasMore: false }, false);
    const history = fold(read, edited(6, 1, 'better'), reaction(7, 1, 'bob'), edited(8, 1, 'best'));
    expect(history.messages[0]).toMatchObject({ text: 'best', edits: 2, reactions: [{ count: 1 }] });
  });

  it('passes over changes of messages that are not held', () => {
    const history = fold(start([5], 5), edited(6, 1, 'x'), deleted(7, 2), reaction(8, 3, 'bob'));
    expect(ids(history)).toEqual(['m5']);
    expect(history.position).toBe(8);
  });

  it('takes deleted messages away', () => expect(ids(fold(start([1, 2, 3], 3), deleted(4, 2)))).toEqual(['m1', 'm3']));

  it('passes over items of other channels and of types it does not know', () => {
    const other = { ...sent(3), data: { ...sent(3).data, channelId: 'other' } } as Item;
    expect(ids(fold(start([1], 1), other, item(4, 'somethingNew', { messageId: 'm1' })))).toEqual(['m1']);
  });

  it('has an own message once, whether the answer or the item comes first', () => {
    const own = { ...message(4), authorId: 'me' };
    expect(ids(fold(withSent(start([1], 1), own), sent(2), sent(4, 'me')))).toEqual(['m1', 'm2', 'm4']);
    expect(ids(withSent(fold(start([1], 1), sent(2), sent(4, 'me')), own))).toEqual(['m1', 'm2', 'm4']);
  });
});

describe('reactions', () => {
  it('are counted by member', () => {
    const history = fold(start([1], 1), reaction(2, 1, 'bob'), reaction(3, 1, 'eve'), reaction(4, 1, 'bob', false));
    expect(history.messages[0]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: false }]);
  });

  it('vanish with the last', () => {
    expect(fold(start([1], 1), reaction(2, 1, 'bob'), reaction(3, 1, 'bob', false)).messages[0]?.reactions).toEqual([]);
  });

  it('of this person count once, shown before the item', () => {
    const shown = touched(start([1], 1), 'm1', it => reacted(it, '👍', true, true));
    expect(shown.messages[0]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: true }]);
    expect(applied(shown, reaction(2, 1, 'me')).messages[0]?.reactions).toEqual([
      { emoji: '👍', count: 1, mine: true },
    ]);
  });
});

describe('pages', () => {
  it('are put before and after what is held, without doubles', () => {
    const middle = opened('me', channelId, page([5, 6], 9, true), true);
    const back = withOlder(middle, page([3, 4, 5], 9, true));
    expect(ids(back)).toEqual(['m3', 'm4', 'm5', 'm6']);
    const whole = withNewer(back ?? middle, page([6, 7, 8], 9));
    expect(ids(whole)).toEqual(['m3', 'm4', 'm5', 'm6', 'm7', 'm8']);
    expect(whole).toMatchObject({ hasOlder: true, hasNewer: false });
  });

  it('get the items that came after they were read', () => {
    const items = [edited(6, 2, 'new'), reaction(7, 4, 'bob'), deleted(8, 3), reaction(9, 4, 'eve')];
    const history = fold(start([5], 5), ...items);
    const read = page([2, 3, 4], 7);
    const back = withOlder(history, {
      ...read,
      messages: read.messages.map(it => (it.id === 'm2' ? { ...it, text: 'new', editedAt: at(6), edits: 1 } : it)),
    });
    expect(ids(back)).toEqual(['m2', 'm4', 'm5']);
    // Read at 7, the page has the edit and the first reaction; the deletion and the second reaction are new.
    expect(back?.messages[0]).toMatchObject({ text: 'new', edits: 1 });
    expect(back?.messages[1]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: false }]);
  });

  it('must be read again when more came than is kept', () => {
    const history = fold(start([1], 1), ...upTo(RecentMax, 10).map(at => sent(at)));
    expect(withOlder(history, page([0], 1))).toBeUndefined();
  });

  it('drop what is far away', () => {
    const full = opened('me', channelId, page(upTo(HeldMax, 1000), 5000, true), false);
    const back = withOlder(full, page(upTo(50, 900), 5000, true));
    expect(back?.messages).toHaveLength(HeldMax);
    expect(back).toMatchObject({ hasOlder: true, hasNewer: true, atEnd: false });
    expect(ids(back)[0]).toBe('m900');
    const forth = withNewer(back!, page(upTo(50, 1350), 5000));
    expect(forth?.messages).toHaveLength(HeldMax);
    expect(ids(forth).at(-1)).toBe('m1399');
    expect(forth).toMatchObject({ hasOlder: true, hasNewer: false });
  });

  it('reach the newest with what was sent meanwhile, as it is now', () => {
    const middle = opened('me', channelId, page([1, 2], 10, true), true);
    const later = fold(middle, sent(11), sent(12), edited(13, 12, 'new'), sent(14), deleted(15, 14));
    expect(later.arrived).toBe(3);
    const end = withNewer(later, page([3, 4, 11], 11));
    expect(ids(end)).toEqual(['m1', 'm2', 'm3', 'm4', 'm11', 'm12']);
    expect(end?.messages.at(-1)).toMatchObject({ text: 'new', edits: 1 });
    expect(end?.arrived).toBe(0);
  });

  it('around a message replace what is held', () => {
    const history = fold(start([50, 51], 51), edited(52, 3, 'new'));
    const around = movedTo(history, page([2, 3, 4], 51, true), true);
    expect(ids(around)).toEqual(['m2', 'm3', 'm4']);
    expect(around).toMatchObject({ hasOlder: true, hasNewer: true, atEnd: false });
    expect(around?.messages[1]?.text).toBe('new');
  });
});

describe('a full history', () => {
  const full = opened('me', channelId, page(upTo(HeldMax), HeldMax), false);

  it('drops the oldest while the newest are read', () => {
    const next = applied(full, sent(HeldMax + 1));
    expect(next.messages).toHaveLength(HeldMax);
    expect(next.messages[0]?.id).toBe('m2');
    expect(next).toMatchObject({ hasOlder: true, hasNewer: false });
  });

  it('keeps what is read further up, and counts what arrives', () => {
    const next = fold({ ...full, atEnd: false }, sent(HeldMax + 1), sent(HeldMax + 2), sent(HeldMax + 3, 'me'));
    expect(next.messages[0]?.id).toBe('m1');
    expect(next).toMatchObject({ hasNewer: true, arrived: 2 });
  });
});

describe('any order', () => {
  it('of answers, items and pages gives the same messages', () => {
    const items = [sent(11), reaction(12, 9, 'bob'), edited(13, 11, 'new'), sent(14, 'me'), deleted(15, 10)];
    const results = upTo(items.length + 1, 0).flatMap(answerAt =>
      upTo(items.length + 1, 0).map(pageAt => {
        let history = start([9, 10], 10);
        items.forEach((next, i) => {
          if (i === answerAt) history = withSent(history, { ...message(14), authorId: 'me' });
          if (i === pageAt) history = withOlder(history, page([7, 8], 10 + i)) ?? history;
          history = applied(history, next);
        });
        if (pageAt === items.length) history = withOlder(history, page([7, 8], 15)) ?? history;
        return history.messages.map(({ id, text, reactions }) => ({ id, text, reactions }));
      }),
    );
    expect(new Set(results.map(result => JSON.stringify(result))).size).toBe(1);
    expect(results[0]?.map(({ id }) => id)).toEqual(['m7', 'm8', 'm9', 'm11', 'm14']);
  });

  it('goes on after a deletion that this person made itself', () => {
    expect(ids(applied(without(start([1, 2], 2), 'm2'), deleted(3, 2)))).toEqual(['m1']);
  });
});
