import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerWithinMs, AttemptsMax, Problem, RestClient, RetryAfterMaxS, type RestOptions } from '../src/index.js';
import { uuid } from '../src/uuid.js';
import { FakeClock } from './fakes.js';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

type Step = (asked: Asked) => Response | Promise<Response>;

/** A server that follows a script: one step for each request, and the last one for all after it. */
class FakeServer {
  readonly asked: Asked[] = [];
  readonly clock = new FakeClock();

  constructor(readonly script: Step[]) {}

  client(options: Partial<RestOptions> = {}): RestClient {
    return new RestClient({
      url: 'http://one/',
      accessToken: () => 'token',
      fetch: (url, init) => this.#answer(String(url), init ?? {}),
      random: () => 0.5,
      clock: this.clock,
      ...options,
    });
  }

  header(name: string): (string | null)[] {
    return this.asked.map(asked => asked.headers.get(name));
  }

  async #answer(url: string, init: RequestInit): Promise<Response> {
    const { method, headers, body, signal } = init;
    const asked = { method: method ?? '', url, headers: new Headers(headers), body, signal: signal as AbortSignal };
    this.asked.push(asked);
    const step = this.script[Math.min(this.asked.length, this.script.length) - 1];
    if (step === undefined) throw new TypeError('the script is empty');
    return await step(asked);
  }
}

const json =
  (body: unknown, headers: Record<string, string> = {}, status = 200): Step =>
  () =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const written = (position: number): Step => json({ id: '1', version: 1, position }, { 'veza-position': `${position}` });
const problem =
  (status: number, code: string, headers: Record<string, string> = {}, more: object = {}): Step =>
  () =>
    new Response(JSON.stringify({ type: `/problems/${code}`, status, detail: `${code} it is`, ...more }), {
      status,
      headers: { 'content-type': 'application/problem+json', ...headers },
    });
const broken: Step = () => {
  throw new TypeError('fetch failed');
};
const isProblem =
  (status: number, code: string) =>
  (error: Error): boolean =>
    error instanceof Problem && error.status === status && error.code === code;

const message = { path: { channelId: 'c1' }, body: { text: 'hello' } } as const;
const send = '/api/v1/channels/{channelId}/messages';

test('a request has its path, query, token and body, and its answer is parsed', async () => {
  const server = new FakeServer([json({ items: [], next: null }), written(7)]);
  const client = server.client();
  const page = await client.get(send, { path: { channelId: 'a b/c' }, query: { limit: 5 } });
  assert.deepEqual(page, { items: [], next: null });
  const sent = await client.post(send, message);
  assert.equal(sent.position, 7);
  assert.deepEqual(
    server.asked.map(({ method, url, body }) => [method, url, body]),
    [
      ['GET', 'http://one/api/v1/channels/a%20b%2Fc/messages?limit=5', undefined],
      ['POST', 'http://one/api/v1/channels/c1/messages', '{"text":"hello"}'],
    ],
  );
  assert.deepEqual(server.header('authorization'), ['Bearer token', 'Bearer token']);
  assert.deepEqual(server.header('content-type'), [null, 'application/json']);
});

test('a value that would change the path is refused', async () => {
  const server = new FakeServer([json({})]);
  for (const channelId of ['', '.', '..'])
    await assert.rejects(server.client().get(send, { path: { channelId } }), /channelId of .* a part of a path/);
  assert.equal(server.asked.length, 0);
});

test('a form is sent as it is, with the type that the platform gives it', async () => {
  const server = new FakeServer([written(1)]);
  const form = new FormData();
  form.set('title', 'a');
  await server.client().post('/api/v1/tracks', { body: form });
  assert.equal(server.asked[0]?.body, form);
  assert.deepEqual(server.header('content-type'), [null]);
});

test('an answer without a body is undefined, and one that is no JSON is a Blob', async () => {
  const empty = new FakeServer([() => new Response(null, { status: 204 })]);
  const path = '/api/v1/accounts/me/export';
  assert.equal(await empty.client().get(path), undefined);
  const bytes = new FakeServer([() => new Response('zip', { headers: { 'content-type': 'application/zip' } })]);
  const blob = await bytes.client().get(path);
  assert.ok(blob instanceof Blob);
  assert.equal(await blob.text(), 'zip');
  assert.equal(await (await bytes.client().open(path)).text(), 'zip');
});

test('a refusal is a problem with its status, code, detail, errors and wait', async () => {
  const server = new FakeServer([
    problem(400, 'invalid', {}, { errors: { text: ['is too long'] } }),
    problem(429, 'slow_mode', { 'retry-after': `${RetryAfterMaxS + 1}` }),
    () => new Response('<html>', { status: 418 }),
  ]);
  const client = server.client();
  await assert.rejects(client.post(send, message), (error: Problem) => {
    assert.deepEqual([error.status, error.code, error.detail], [400, 'invalid', 'invalid it is']);
    assert.deepEqual(error.errors, { text: ['is too long'] });
    return true;
  });
  await assert.rejects(client.post(send, message), (error: Problem) => error.retryAfterS === RetryAfterMaxS + 1);
  await assert.rejects(client.post(send, message), isProblem(418, 'http_418'));
  assert.equal(server.asked.length, 3);
});

test('all attempts of a write have one key, and two writes have two', async () => {
  const badGateway: Step = () => new Response('', { status: 502 });
  const server = new FakeServer([broken, problem(503, 'outcome_unknown'), badGateway, written(1)]);
  // Node 18 has no crypto, so its keys come from here.
  const client = server.client({ random: Math.random });
  await client.post(send, message);
  await client.post(send, message);
  const keys = server.header('idempotency-key');
  assert.match(keys[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(keys.slice(0, 4), Array(4).fill(keys[0]));
  assert.notEqual(keys[4], keys[0]);
  await client.post(send, { ...message, idempotencyKey: 'mine' });
  assert.equal(server.header('idempotency-key')[5], 'mine');
});

test('a broken answer of a write is asked for again under the same key', async () => {
  const cut: Step = () =>
    new Response(new ReadableStream({ pull: controller => controller.error(new TypeError('terminated')) }), {
      headers: { 'content-type': 'application/json' },
    });
  const server = new FakeServer([cut, written(4)]);
  assert.equal((await server.client().post(send, message)).position, 4);
  assert.equal(new Set(server.header('idempotency-key')).size, 1);
});

test('attempts are bounded, with waits that double', async () => {
  const server = new FakeServer([broken]);
  await assert.rejects(server.client().get('/api/v1/feed'), isProblem(0, 'unreachable'));
  assert.equal(server.asked.length, AttemptsMax);
  assert.deepEqual(
    server.clock.slept.filter(ms => ms !== AnswerWithinMs),
    [125, 250, 500, 1000],
  );
});

test('a short Retry-After is waited for, and nothing is sent before it', async () => {
  const limited = problem(429, 'rate_limited', { 'retry-after': '2' });
  const server = new FakeServer([limited, json({ items: [], next: null })]);
  await server.client().get('/api/v1/feed');
  assert.deepEqual(
    server.clock.slept.filter(ms => ms !== AnswerWithinMs),
    [2125],
  );
});

test('a request that a network swallows is given up and sent again', async () => {
  const swallowed: Step = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  const server = new FakeServer([swallowed, written(3)]);
  assert.equal((await server.client().post(send, message)).position, 3);
  assert.equal(server.clock.now() >= AnswerWithinMs, true);
});

test('an expired token is renewed once for all requests that wait for it', async () => {
  let token = 'old';
  let renewals = 0;
  const server = new FakeServer([
    ({ headers }) =>
      headers.get('authorization') === 'Bearer new'
        ? (json({ items: [], next: null })({} as Asked) as Response)
        : (problem(401, 'token_expired')({} as Asked) as Response),
  ]);
  const unauthorized = async (): Promise<boolean> => {
    renewals++;
    await Promise.resolve();
    token = 'new';
    return true;
  };
  const client = server.client({ accessToken: () => token, unauthorized });
  await Promise.all([client.get('/api/v1/feed'), client.get('/api/v1/feed'), client.get('/api/v1/feed')]);
  assert.equal(renewals, 1);
  assert.equal(server.asked.length, 6);
});

test('a token that is refused again, or a wrong password, is not renewed', async () => {
  let renewals = 0;
  const unauthorized = async (): Promise<boolean> => ++renewals > 0;
  const refusing = new FakeServer([problem(401, 'token_expired')]);
  await assert.rejects(refusing.client({ unauthorized }).get('/api/v1/feed'), isProblem(401, 'token_expired'));
  assert.deepEqual([renewals, refusing.asked.length], [1, 2]);

  const wrong = new FakeServer([problem(401, 'sign_in_failed')]);
  const erase = wrong.client({ unauthorized }).delete('/api/v1/accounts/me', { body: { password: 'x' } });
  await assert.rejects(erase, isProblem(401, 'sign_in_failed'));
  assert.deepEqual([renewals, wrong.asked.length], [1, 1]);
});

test('reads wait for the newest of this client\'s writes, and for no read', async () => {
  const page = json({ items: [], next: null }, { 'veza-position': '99' });
  const server = new FakeServer([page, written(7), written(5), page, page, page, page]);
  const client = server.client();
  await client.get('/api/v1/feed');
  await client.post(send, message);
  await client.post(send, message);
  await client.get('/api/v1/feed');
  await client.get('/api/v1/feed', { after: 0 });
  await client.get('/api/v1/feed', { after: 12 });
  await client.get(send, { path: { channelId: 'c1' }, query: { asOf: '3' } });
  assert.deepEqual(server.header('veza-after'), [null, null, null, '7', '0', '12', null]);
});

test('a position that the log has lost is not waited for again', async () => {
  const server = new FakeServer([written(7), problem(400, 'position_ahead'), json({ items: [], next: null })]);
  const client = server.client();
  await client.post(send, message);
  await client.get('/api/v1/feed');
  assert.deepEqual(server.header('veza-after'), [null, '7', null]);
  assert.equal(client.written, 0);
});

test('a read answers the position from which its topics are followed', async () => {
  const headers = { 'veza-position': '48211', 'veza-complete': '48200', 'veza-epoch': 'e1' };
  const server = new FakeServer([json({ items: [], next: null }, headers), json({ items: [], next: null })]);
  const client = server.client();
  const first = await client.getWithPosition('/api/v1/feed');
  assert.deepEqual(first, { body: { items: [], next: null }, position: 48200, counted: 48211, epoch: 'e1' });
  const second = await client.getWithPosition('/api/v1/feed');
  assert.deepEqual([second.position, second.epoch], [undefined, undefined]);
});

test('an aborted signal ends a request and its waits with the reason', async () => {
  const ending = new AbortController();
  const server = new FakeServer([
    () => {
      ending.abort(new Error('left the page'));
      throw new TypeError('aborted');
    },
  ]);
  await assert.rejects(server.client().get('/api/v1/feed', { signal: ending.signal }), /left the page/);
  assert.equal(server.asked.length, 1);
  await assert.rejects(server.client().get('/api/v1/feed', { signal: ending.signal }), /left the page/);
  assert.equal(server.asked.length, 1);
});

test('keys are made without crypto too', () => {
  const made = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  try {
    let next = 0;
    assert.equal(uuid(() => (next++ % 256) / 256), '00010203-0405-4607-8809-0a0b0c0d0e0f');
  } finally {
    if (made === undefined) delete (globalThis as { crypto?: unknown }).crypto;
    else Object.defineProperty(globalThis, 'crypto', made);
  }
});

/** Compiled, and never run: the schema types paths, parameters, bodies and answers. */
export async function typesHold(client: RestClient): Promise<void> {
  // @ts-expect-error there is no such path
  await client.get('/api/v1/nothing');
  // @ts-expect-error the path has no such method
  await client.patch('/api/v1/feed');
  // @ts-expect-error the channel is missing
  await client.get(send, { query: { limit: 5 } });
  // @ts-expect-error the body lacks its text
  await client.post(send, { path: { channelId: 'c' }, body: {} });
  // @ts-expect-error a form is needed
  await client.post('/api/v1/tracks', { body: { title: 'a' } });
  const { items } = await client.get('/api/v1/sessions');
  const first: string | undefined = items[0]?.id;
  const { position } = await client.post(send, message);
  const sum: number = position + (first?.length ?? 0);
  void sum;
}
