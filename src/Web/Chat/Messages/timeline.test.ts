import { describe, expect, it } from 'vitest';
import { sentIn, type Message } from './history';
import { rows, TogetherMs, type Shown } from './timeline';

const noon = new Date(2026, 0, 1, 12).getTime();
const message = (position: number, authorId: string, afterMs: number, replyTo: string | null = null): Message =>
  sentIn(
    { messageId: `m${position}`, authorId, text: 'x', replyTo },
    new Date(noon + afterMs).toISOString(),
    position,
  );
const shown = (messages: Message[], rest: Partial<Shown> = {}): Shown => ({
  messages,
  hasOlder: false,
  hasNewer: false,
  waiting: [],
  me: 'me',
  readUpTo: undefined,
  ...rest,
});
const names = (all: ReturnType<typeof rows>): string[] =>
  all.map(row => ('headed' in row ? `${row.key}${row.headed ? '!' : ''}` : row.kind));

describe('rows', () => {
  it('put messages of one author together for some minutes', () => {
    const messages = [
      message(1, 'ann', 0),
      message(2, 'ann', TogetherMs),
      message(3, 'ann', 2 * TogetherMs + 1),
      message(4, 'bob', 2 * TogetherMs + 2),
      message(5, 'bob', 2 * TogetherMs + 3, 'm1'),
    ];
    expect(names(rows(shown(messages)))).toEqual(['start', 'day', 'm1!', 'm2', 'm3!', 'm4!', 'm5!']);
  });

  it('draw a line for each day', () => {
    const messages = [message(1, 'ann', 0), message(2, 'ann', 24 * 3_600_000)];
    expect(names(rows(shown(messages)))).toEqual(['start', 'day', 'm1!', 'day', 'm2!']);
  });

  it('draw a line before the first message that was not read', () => {
    const messages = [message(1, 'ann', 0), message(2, 'me', 1), message(3, 'ann', 2), message(4, 'ann', 3)];
    expect(names(rows(shown(messages, { readUpTo: 1 })))).toEqual(
      ['start', 'day', 'm1!', 'm2!', 'new', 'm3!', 'm4'],
    );
    expect(names(rows(shown(messages, { readUpTo: 4 })))).not.toContain('new');
  });

  it('draw no line where the read messages above are not held', () => {
    expect(names(rows(shown([message(3, 'ann', 2)], { readUpTo: 1, hasOlder: true })))).not.toContain('new');
    expect(names(rows(shown([message(3, 'ann', 2)], { readUpTo: 1 })))).toContain('new');
  });

  it('end with what waits to be sent', () => {
    const waiting = [{ key: 'k', channelId: 'c', text: 'y', replyTo: null, at: new Date(noon + 1).toISOString() }];
    const all = rows(shown([message(1, 'me', 0)], { waiting: [{ ...waiting[0]!, state: 'sending' }] }));
    expect(names(all)).toEqual(['start', 'day', 'm1!', 'k']);
  });
});
