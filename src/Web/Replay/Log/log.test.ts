import { describe, expect, it, vi } from 'vitest';

const opened: { query: Record<string, string> }[] = [];
let events: { position: number; at: string }[] = [];
vi.mock('../../Http/api', () => ({
  api: {
    open: (_: string, options: { query: Record<string, string> }) => {
      opened.push(options);
      const after = Number(options.query['after']);
      const found = events.filter(event => event.position > after).slice(0, Number(options.query['limit'] ?? 1e9));
      const text = found.map(event => `${JSON.stringify(event)}\n`).join('');
      return Promise.resolve(new Response(text, { headers: { 'veza-head': String(events.length) } }));
    },
  },
}));

const { linesOf, listLog, positionBefore, summaryOf } = await import('./records');
const { addressOf, concerns, filterOf } = await import('./filter');
const { changesOf, inWords } = await import('./changes');
const { asOf, touchedBy } = await import('./resources');
type LogRecord = import('./records').LogRecord;

const { signal } = new AbortController();
const record = (type: string, data: Record<string, unknown>, by: string | null = null): LogRecord => ({
  ...{ position: 7, id: 'e', stream: 's', version: 1, type, at: '2026-11-30T12:00:00Z', by, commandId: null },
  data,
});

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

describe('lines of the log', () => {
  const stream = (...chunks: string[]): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(to) {
        for (const chunk of chunks) to.enqueue(new TextEncoder().encode(chunk));
        to.close();
      },
    });

  it('are put together from chunks, and a cut one at the end is left out', async () => {
    const found: number[] = [];
    for await (const line of linesOf(stream('{"position":1}\n{"posi', 'tion":2}\n\n{"position":3}\n{"pos')))
      found.push(line.position);
    expect(found).toEqual([1, 2, 3]);
  });

  it('are asked for by position, types, stream and an end', async () => {
    events = [];
    await listLog({ after: 5, until: 9, types: ['message_sent', 'message_edited'], stream: uuid(1) }, signal);
    expect(opened.at(-1)?.query).toEqual({
      after: '5',
      until: '9',
      types: 'message_sent,message_edited',
      stream: uuid(1),
    });
  });

  it('are found by time in few reads', async () => {
    events = Array.from({ length: 1000 }, (_, i) => ({ position: i + 1, at: new Date(i * 1000).toISOString() }));
    opened.length = 0;
    expect(await positionBefore(500_000, signal)).toBe(500);
    expect(opened.length).toBeLessThan(13);
    expect(await positionBefore(0, signal)).toBe(0);
    expect(await positionBefore(1e9, signal)).toBe(1000);
  });
});

describe('a summary', () => {
  it('says what an event holds beside ids', () => {
    expect(summaryOf(record('x', { messageId: uuid(1), text: 'hello', atMs: 4, replyTo: null }))).toBe(
      'text: hello, atMs: 4',
    );
    expect(summaryOf(record('x', { followerId: uuid(1) }))).toBe(`followerId: ${uuid(1)}`);
    expect(summaryOf(record('x', {}))).toBe('');
    expect(summaryOf(record('x', { text: 'a'.repeat(9_000) })).length).toBe(200);
  });
});

describe('the filter', () => {
  it('is what the address says, without what is none', () => {
    const filter = filterOf(
      new URLSearchParams(`types=message_sent,,Nope!,message_sent&stream=${uuid(1)}&account=me&from=12&until=soon`),
    );
    expect(filter).toEqual({
      types: ['message_sent'],
      stream: uuid(1),
      account: undefined,
      from: '12',
      until: undefined,
    });
    expect(addressOf(filter, 9)).toBe(`/log?types=message_sent&stream=${uuid(1)}&from=12&event=9`);
    expect(addressOf({})).toBe('/log');
  });

  it('finds the events that an account caused or that name it', () => {
    expect(concerns(record('x', {}, uuid(1)), uuid(1))).toBe(true);
    expect(concerns(record('x', { memberId: uuid(1) }), uuid(1))).toBe(true);
    expect(concerns(record('x', { text: `about ${uuid(1)}` }, uuid(2)), uuid(1))).toBe(false);
    expect(concerns(record('x', {}), undefined)).toBe(true);
  });
});

describe('what an event changed', () => {
  it('are the values that differ, by their path', () => {
    expect(changesOf({ a: 1, b: { c: 'x' } }, { a: 2, b: { c: 'x' } })).toEqual([{ path: 'a', before: 1, after: 2 }]);
    expect(changesOf({ a: 1 }, { a: 1 })).toEqual([]);
    expect(changesOf(undefined, { a: 1 })).toEqual([{ path: '', before: undefined, after: { a: 1 } }]);
    expect(changesOf({ a: [1, 2] }, { a: [1] })).toEqual([{ path: 'a.1', before: 2, after: undefined }]);
  });

  it('says of a page which item came', () => {
    const page = (...ids: string[]) => ({ items: ids.map(id => ({ id, text: id })), next: null });
    expect(changesOf(page('b', 'a'), page('c', 'b', 'a'))).toEqual([
      { path: 'items.c', before: undefined, after: { id: 'c', text: 'c' } },
    ]);
  });

  it('is said in one line', () => {
    expect([inWords('x'), inWords(4), inWords({ a: 1 }), inWords(undefined)]).toEqual(['x', '4', '{"a":1}', '—']);
  });

  it('may be a message, its channel and its author', () => {
    const touched = touchedBy({
      ...record('message_sent', { messageId: uuid(1), channelId: uuid(2), authorId: uuid(3) }),
      stream: uuid(1),
    });
    expect(touched.map(part => part.kind)).toEqual(['message', 'channel', 'account']);
    expect(touched.map(part => part.begins)).toEqual([true, false, false]);
    expect(asOf(touched[0]?.address ?? '', 6)).toBe(`/api/v1/messages/${uuid(1)}?asOf=6`);
  });

  it('may be a chart and a track, or two accounts', () => {
    const played = touchedBy(record('play_counted', { trackId: uuid(1), ownerId: uuid(2) }));
    expect(played.map(part => part.screen)).toEqual([`/tracks/${uuid(1)}`, '/charts', `/accounts/${uuid(2)}`]);
    expect(asOf(played[1]?.address ?? '', 6)).toBe('/api/v1/charts/top?span=day&asOf=6');
    const followed = touchedBy(record('follow_started', { followerId: uuid(1), followeeId: uuid(2) }));
    expect(followed.map(part => part.address)).toEqual([`/api/v1/accounts/${uuid(1)}`, `/api/v1/accounts/${uuid(2)}`]);
  });
});
