import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ended, LongestWaitMs, OutOfPatience, Refused, type Batch, type Level } from '../src/index.js';
import { HeldMessagesMax } from '../src/inbox.js';
import { batch, FakeClock, FakeServers, read, type Opened } from './fakes.js';

const topics = ['channel:1'] as const;
const say =
  (...batches: Batch[]) =>
  ({ observer }: Opened): void =>
    batches.forEach(each => observer.next(each));
const refuse =
  (text: string) =>
  ({ observer }: Opened): void =>
    observer.error(new Error(`An error occurred on the server while streaming results. HubException: ${text}`));

test('items come in order, and the first request says where to begin', async () => {
  const servers = new FakeServers([say(batch(10, 12, [11, 12]), batch(12, 20, [15]))]);
  assert.deepEqual(await read(servers.client().subscribe(topics, { after: 10 }), 3), [11, 12, 15]);
  assert.deepEqual([servers.opened[0]?.method, ...(servers.opened[0]?.args ?? [])], ['Subscribe', topics, 10]);
});

test('a subscription without a position begins wherever the server is', async () => {
  const servers = new FakeServers([say(batch(77, 77), batch(77, 78, [78]))]);
  assert.deepEqual(await read(servers.client().subscribe(topics), 1), [78]);
  assert.deepEqual(servers.opened[0]?.args, [topics, null]);
});

test('a broken connection is resumed after the last batch, in the same epoch', async () => {
  const servers = new FakeServers([
    stream => {
      say(batch(0, 5, [3]))(stream);
      setImmediate(() => stream.cut());
    },
    say(batch(5, 9, [9])),
  ]);
  assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 3), [3, 'lost', 9]);
  assert.deepEqual([servers.opened[1]?.method, ...(servers.opened[1]?.args ?? [])], ['Resume', topics, 5, 'e']);
  assert.equal(servers.connects.length, 2);
});

test('a gap is never handed out: what is missing is asked for again', async () => {
  const servers = new FakeServers([say(batch(0, 5, [5]), batch(7, 8, [8])), say(batch(5, 8, [6, 8]))]);
  assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 4), [5, 'outOfSequence', 6, 8]);
  assert.equal(servers.opened[1]?.args[1], 5);
  assert.equal(servers.opened[0]?.disposed(), true);
});

test('a repeat is never handed out', async () => {
  const servers = new FakeServers([say(batch(0, 5, [5]), batch(0, 5, [5])), say(batch(5, 6, [6]))]);
  assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 3), [5, 'outOfSequence', 6]);
});

test('items out of order within a batch, or beyond it, are never handed out', async () => {
  for (const wrong of [batch(5, 8, [7, 6]), batch(5, 8, [7, 7]), batch(5, 8, [9]), batch(5, 8, [5]), batch(5, 4)]) {
    const servers = new FakeServers([say(batch(0, 5, [5]), wrong), say(batch(5, 8, [7]))]);
    const updates = await read(servers.client().subscribe(topics, { after: 0 }), 3);
    assert.deepEqual(updates, [5, 'outOfSequence', 7], JSON.stringify(wrong));
  }
});

test('a server that is always out of sequence is an error, not an endless loop', async () => {
  const servers = new FakeServers(Array.from({ length: 10 }, () => say(batch(3, 4, [4]))));
  const updates = servers.client().subscribe(topics, { after: 0 });
  await assert.rejects(read(updates, 9), /items between 0 and 3 are missing, 5 times/);
});

test('a stopping server is left for the next one, and nothing is lost or doubled', async () => {
  const servers = new FakeServers([
    stream => {
      say(batch(0, 4, [4]))(stream);
      stream.observer.next({ kind: 'closed', reason: 'server_stopping' });
      // Too late to count.
      say(batch(4, 5, [5]))(stream);
    },
    say(batch(4, 5, [5])),
  ]);
  const client = servers.client({ url: ['http://one', 'http://two/'] });
  assert.deepEqual(await read(client.subscribe(topics, { after: 0 }), 3), [4, 'moving', 5]);
  assert.deepEqual(
    servers.connects.map(({ url }) => url),
    ['http://one', 'http://two'],
  );
  assert.equal(servers.stops, 1);
});

test('several subscriptions share one connection, and move together', async () => {
  const stopping = ({ observer }: Opened): void => observer.next({ kind: 'closed', reason: 'server_stopping' });
  const servers = new FakeServers([stopping, stopping, say(batch(0, 1, [1])), say(batch(0, 2, [2]))]);
  const client = servers.client();
  const both = [client.subscribe(topics, { after: 0 }), client.subscribe(['channel:2'], { after: 0 })];
  assert.deepEqual(await Promise.all(both.map(each => read(each, 2))), [
    ['moving', 1],
    ['moving', 2],
  ]);
  assert.equal(servers.connects.length, 2);
});

test('waits double up to a limit, are multiplied by a random number, and restart after a success', async () => {
  const clock = new FakeClock();
  const failing = new Set([1, 2, 3, 4, 5, 6, 7, 8, 10]);
  const servers = new FakeServers(
    [
      stream => {
        say(batch(0, 1, [1]))(stream);
        setImmediate(() => stream.cut());
      },
      say(batch(1, 2, [2])),
    ],
    connect => {
      if (failing.has(connect)) throw new Error('refused');
    },
  );
  await read(servers.client({ clock }).subscribe(topics, { after: 0 }), 4);
  // The time limit of a connection attempt is a sleep too, which no caller awaits.
  const waits = clock.slept.filter(ms => ms !== 15_000 && ms !== 0);
  assert.deepEqual(waits, [125, 250, 500, 1000, 2000, 4000, LongestWaitMs / 2, LongestWaitMs / 2, 125, 250]);
});

test('patience ends with an error when it is limited', async () => {
  const servers = new FakeServers([], () => {
    throw new Error('connection refused');
  });
  const updates = servers.client({ patienceMs: 60_000 }).subscribe(topics, { after: 0 });
  await assert.rejects(read(updates, 5), (error: Error) => {
    assert.ok(error instanceof OutOfPatience);
    assert.match(error.message, /connection refused/);
    return true;
  });
});

test('a handshake that is swallowed is given up and tried again', async () => {
  let connects = 0;
  const servers = new FakeServers([say(batch(0, 1, [1]))]);
  const client = servers.client({
    connect: (url, token) => (++connects === 1 ? new Promise(() => undefined) : servers.connect(url, token)),
  });
  assert.deepEqual(await read(client.subscribe(topics, { after: 0 }), 2), ['lost', 1]);
});

test('the token is asked for before each connection, with the number of failures', async () => {
  const servers = new FakeServers([say(batch(0, 1, [1]))], connect => {
    if (connect < 3) throw new Error('401');
  });
  await read(servers.client({ accessToken: async failures => `after ${failures}` }).subscribe(topics, { after: 0 }), 2);
  assert.deepEqual(
    servers.connects.map(({ token }) => token),
    ['after 0', 'after 1', 'after 2'],
  );
});

test('a refusal is an error with its code', async () => {
  const servers = new FakeServers([refuse('channel_unknown: there is no channel 1')]);
  await assert.rejects(read(servers.client().subscribe(topics), 1), (error: Error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.code, error.detail], ['channel_unknown', 'there is no channel 1']);
    return true;
  });
});

test('a temporary code is tried again, on the same server or on another that has room', async () => {
  const steps: [string, string, number][] = [
    ['not_there_yet', 'notReady', 1],
    ['database_unavailable', 'notReady', 1],
    ['too_many_connections', 'moving', 2],
    ['server_stopping', 'moving', 2],
  ];
  for (const [code, reason, connects] of steps) {
    const servers = new FakeServers([refuse(`${code}: wait`), say(batch(0, 1, [1]))]);
    assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 2), [reason, 1]);
    assert.equal(servers.connects.length, connects, code);
  }
});

test('a subscription that the server closes with "not now" is asked for again from where it was', async () => {
  const steps: [string, string, number][] = [
    ['not_there_yet', 'notReady', 1],
    ['server_stopping', 'moving', 2],
  ];
  for (const [reason, interruption, connects] of steps) {
    const closing = (stream: Opened): void => {
      say(batch(0, 1, [1]))(stream);
      stream.observer.next({ kind: 'closed', reason });
    };
    const servers = new FakeServers([closing, say(batch(1, 2, [2]))]);
    assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 3), [1, interruption, 2]);
    assert.equal(servers.connects.length, connects, reason);
  }
});

test('what ends a subscription for good is handed out, and nothing after it', async () => {
  for (const last of [
    { kind: 'fellBehind', epoch: 'e', head: 9 },
    { kind: 'epochChanged', epoch: 'f', head: 9 },
    { kind: 'closed', reason: 'session_ended' },
  ] as const) {
    const servers = new FakeServers([
      stream => {
        stream.observer.next(last);
        say(batch(0, 1, [1]))(stream);
      },
    ]);
    assert.deepEqual(await read(servers.client().subscribe(topics, { after: 0 }), 5), [last.kind]);
    await assert.rejects(async () => {
      const client = new FakeServers([({ observer }) => observer.next(last)]).client();
      for await (const item of client.items(topics)) assert.fail(`came: ${item.position}`);
    }, Ended);
  }
});

test('a batch of another epoch is never handed out as a continuation', async () => {
  const servers = new FakeServers([
    say(batch(0, 5, [5]), batch(5, 6, [6], 'f')),
    ({ observer }) => observer.next({ kind: 'epochChanged', epoch: 'f', head: 6 }),
  ]);
  const updates = await read(servers.client().subscribe(topics, { after: 0 }), 5);
  assert.deepEqual(updates, [5, 'outOfSequence', 'epochChanged']);
});

test('topics that were closed are not asked for again', async () => {
  const servers = new FakeServers([
    stream => {
      say(batch(0, 3))(stream);
      stream.observer.next({ kind: 'topicsClosed', reason: 'membership_ended', position: 3, topics: ['channel:2'] });
      setImmediate(() => stream.cut());
    },
    say(batch(3, 4, [4])),
  ]);
  const updates = await read(servers.client().subscribe(['channel:1', 'channel:2'], { after: 0 }), 3);
  assert.deepEqual(updates, ['topicsClosed', 'lost', 4]);
  assert.deepEqual(servers.opened[1]?.args[0], ['channel:1']);
});

test('a caller that is slow holds a bounded number of batches, and misses nothing', async () => {
  const all = Array.from({ length: 100 }, (_, i) => batch(i, i + 1, [i + 1]));
  const from = (stream: Opened): void => say(...all.slice(Number(stream.args[1] ?? 0)))(stream);
  const servers = new FakeServers(Array.from({ length: 20 }, () => from));
  assert.deepEqual(
    await read(servers.client().subscribe(topics, { after: 0 }), 100),
    all.map(each => each.position),
  );
  assert.equal(servers.opened.length, Math.ceil(100 / HeldMessagesMax));
  assert.equal(servers.connects.length, 1);
});

test('a slow caller gets the newest level of each broadcast, and keeps its batches and its stream', async () => {
  const level = (broadcastId: string, samplePeakDbfs: number): Level => ({
    kind: 'level',
    broadcastId,
    at: '2026-01-01T00:00:00Z',
    samplePeakDbfs,
    momentaryLufs: -20,
    unmetered: null,
  });
  const servers = new FakeServers([
    ({ observer }) => {
      for (let i = 0; i < 100; i++) for (const id of ['a', 'b']) observer.next(level(id, -i));
      for (let i = 0; i < HeldMessagesMax; i++) observer.next(batch(i, i + 1, [i + 1]));
      for (let i = 0; i < 100; i++) observer.next(level('a', -50 - i));
    },
  ]);
  const seen: (number | Level)[] = [];
  for await (const update of servers.client().subscribe(['broadcast:a', 'broadcast:b'], { after: 0 })) {
    if (update.kind === 'batch') seen.push(update.position);
    else if (update.kind === 'level') seen.push(update);
    if (seen.length === HeldMessagesMax + 2) break;
  }
  const positions = Array.from({ length: HeldMessagesMax }, (_, i) => i + 1);
  assert.deepEqual(
    seen.filter(each => typeof each === 'number'),
    positions,
  );
  assert.deepEqual(
    seen.filter(each => typeof each !== 'number'),
    [level('a', -149), level('b', -99)],
  );
  assert.equal(servers.opened.length, 1);
});

test('an aborted signal ends it without an error, while it reads and while it waits', async () => {
  const reading = new AbortController();
  const idle = new FakeServers([() => setImmediate(() => reading.abort())]);
  assert.deepEqual(await read(idle.client().subscribe(topics, { signal: reading.signal }), 1), []);
  assert.equal(idle.opened[0]?.disposed(), true);

  const waiting = new AbortController();
  const away = new FakeServers([], connect => {
    if (connect === 3) waiting.abort();
    throw new Error('away');
  });
  assert.deepEqual(await read(away.client().subscribe(topics, { signal: waiting.signal }), 5), ['lost']);
  assert.equal(away.connects.length, 3);
});

test('closing the client ends its subscriptions and its connection', async () => {
  const servers = new FakeServers([() => undefined]);
  const client = servers.client();
  const reading = read(client.subscribe(topics), 1);
  setImmediate(() => void client.close());
  assert.deepEqual(await reading, []);
  assert.equal(servers.stops, 1);
});

test('leaving the loop ends the stream on the server', async () => {
  const servers = new FakeServers([say(batch(0, 1, [1]), batch(1, 2, [2]))]);
  await read(servers.client().subscribe(topics, { after: 0 }), 1);
  assert.equal(servers.opened[0]?.disposed(), true);
});
