import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused, type ChartUpdate, type WatchUpdate } from '../src/index.js';
import { HeldMessagesMax } from '../src/inbox.js';
import { batch, FakeServers, type Opened } from './fakes.js';

const chart = (position: number): object => ({
  kind: 'chart',
  epoch: 'e',
  position,
  at: '2026-01-01T00:00:00Z',
  chart: { chart: 'top', span: 'week', genre: null, items: [] },
});
const sent = (accountId: string, ...closed: string[]): object => ({
  presence: [{ accountId, status: 'online' }],
  typing: [],
  closed,
});
const send =
  (...messages: object[]) =>
  ({ observer }: Opened): void =>
    messages.forEach(message => observer.next(message));
const sendAndCut =
  (...messages: object[]) =>
  (stream: Opened): void => {
    send(...messages)(stream);
    setImmediate(() => stream.cut());
  };

async function take<Update>(updates: AsyncIterable<Update>, enough: number): Promise<Update[]> {
  const seen: Update[] = [];
  for await (const update of updates) {
    seen.push(update);
    if (seen.length >= enough) break;
  }
  return seen;
}

const chartPart = (update: ChartUpdate): unknown => (update.kind === 'chart' ? update.position : update.kind);
const watchPart = (update: WatchUpdate): unknown =>
  update.kind === 'presence' ? update.presence[0]?.accountId : update.kind;

test('a chart is followed with its span and genre, and again after a loss', async () => {
  const servers = new FakeServers([sendAndCut(chart(3)), send(chart(7))]);
  const updates = await take(servers.client().followChart('top', 'week', 'jazz'), 3);
  assert.deepEqual(updates.map(chartPart), [3, 'interrupted', 7]);
  for (const { method, args } of servers.opened)
    assert.deepEqual([method, ...args], ['FollowChart', 'top', 'week', 'jazz']);
});

test('of several charts that wait the caller gets the newest', async () => {
  const charts = Array.from({ length: HeldMessagesMax * 3 }, (_, i) => chart(i + 1));
  const servers = new FakeServers([send(...charts)]);
  const updates = await take(servers.client().followChart('trending', 'day'), 1);
  assert.deepEqual(updates.map(chartPart), [charts.length]);
  assert.deepEqual(servers.opened[0]?.args, ['trending', 'day', null]);
});

test('a chart that the server closes ends, unless the server stops', async () => {
  const stopping = send({ kind: 'closed', reason: 'server_stopping' });
  const servers = new FakeServers([stopping, send(chart(1), { kind: 'closed', reason: 'session_ended' })]);
  const updates = await take(servers.client().followChart('top', 'all'), 9);
  // The newest chart waits behind the other messages, and the stream ends with the last one.
  assert.deepEqual(updates.map(chartPart), ['interrupted', 'closed']);
});

test('a watch says at each beginning that the state is to be fetched', async () => {
  const servers = new FakeServers([sendAndCut(sent('ana')), send(sent('bo'))]);
  const updates = await take(servers.client().watch(['community:1', 'channel:2']), 5);
  assert.deepEqual(updates.map(watchPart), ['watching', 'ana', 'interrupted', 'watching', 'bo']);
  for (const { method, args } of servers.opened)
    assert.deepEqual([method, ...args], ['Watch', ['community:1', 'channel:2']]);
});

test('a watch goes on without the topics that are closed, and ends with its last one', async () => {
  const servers = new FakeServers([sendAndCut(sent('ana', 'community:1')), send(sent('bo', 'channel:2'))]);
  const updates = await take(servers.client().watch(['community:1', 'channel:2']), 9);
  assert.deepEqual(updates.map(watchPart), ['watching', 'ana', 'interrupted', 'watching', 'bo']);
  assert.deepEqual(servers.opened[1]?.args, [['channel:2']]);
});

test('a caller that watches too slowly learns that messages are lost', async () => {
  const many = Array.from({ length: HeldMessagesMax + 1 }, (_, i) => sent(`${i}`));
  const servers = new FakeServers([send(...many), send(sent('late'))]);
  const updates = await take(servers.client().watch(['community:1']), HeldMessagesMax + 4);
  const kinds = updates.slice(-3).map(watchPart);
  assert.deepEqual(kinds, ['interrupted', 'watching', 'late']);
});

test('the presence of a device is set again on each connection', async () => {
  const servers = new FakeServers([sendAndCut(batch(0, 1, [1])), send(batch(1, 2, [2]))]);
  const client = servers.client();
  await client.setPresence('dnd');
  await take(client.subscribe(['channel:1'], { after: 0 }), 3);
  assert.equal(servers.connects.length, 2);
  assert.deepEqual(servers.invoked, [
    ['SetPresence', 'dnd'],
    ['SetPresence', 'dnd'],
  ]);
});

test('a presence is not said twice on one connection, and a new one is', async () => {
  const servers = new FakeServers([]);
  const client = servers.client();
  for (const status of ['idle', 'idle', 'online'] as const) await client.setPresence(status);
  assert.deepEqual(
    servers.invoked.map(call => call[1]),
    ['idle', 'online'],
  );
});

test('typing goes over the connection, and is lost without one', async () => {
  const servers = new FakeServers([], connect => {
    if (connect > 1) throw new Error('away');
  });
  const client = servers.client();
  await client.typing('c1');
  assert.deepEqual(servers.invoked, [['Typing', 'c1']]);
  const away = new FakeServers([], () => {
    throw new Error('away');
  });
  await away.client().typing('c1');
  await away.client().setPresence('online');
  assert.deepEqual(away.invoked, []);
});

test('a refused presence or typing is an error with its code', async () => {
  const refusing = new FakeServers(
    [],
    () => undefined,
    () => {
      throw new Error('An unexpected error occurred. HubException: too_fast: at most every 1 s');
    },
  );
  const client = refusing.client();
  const isTooFast = (error: Error): boolean => error instanceof Refused && error.code === 'too_fast';
  await assert.rejects(client.setPresence('idle'), isTooFast);
  await assert.rejects(client.setPresence('idle'), isTooFast);
  await assert.rejects(client.typing('c1'), isTooFast);
  assert.equal(refusing.invoked.length, 3);
});
