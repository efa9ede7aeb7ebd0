import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeptSession } from './session.svelte';

const stored = new Map<string, string>();
let isFull = false;
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => {
    if (isFull) throw new Error('no room');
    stored.set(key, value);
  },
  removeItem: (key: string) => stored.delete(key),
});
vi.stubGlobal('addEventListener', () => undefined);
vi.stubGlobal('navigator', {});

let answer: (answer: Response) => void = () => undefined;
vi.stubGlobal('fetch', () => new Promise<Response>(resolve => (answer = resolve)));
/** Answers the refresh once it was asked for. */
async function answerWith(response: Response): Promise<void> {
  await vi.waitFor(() => expect(answer).not.toBe(unasked));
  answer(response);
}
const unasked = (): void => undefined;

const { session } = await import('./session.svelte');
const signedIn: KeptSession = {
  accountId: 'me',
  userName: 'ada',
  accessToken: 'access 1',
  refreshToken: 'refresh 1',
  expiresAt: Date.now() + 900_000,
};
const next = { accessToken: 'access 2', refreshToken: 'refresh 2', expiresIn: 900 };

describe('a session', () => {
  beforeEach(() => {
    stored.clear();
    isFull = false;
    answer = unasked;
    session.start(signedIn);
  });

  it('exchanges its tokens', async () => {
    const renewed = session.renew('access 1');
    await answerWith(new Response(JSON.stringify(next)));
    expect(await renewed).toBe(true);
    expect(session.current).toMatchObject({ accountId: 'me', accessToken: 'access 2', refreshToken: 'refresh 2' });
  });

  it('ends when the server no longer knows it', async () => {
    const renewed = session.renew('access 1');
    await answerWith(new Response('', { status: 401 }));
    expect(await renewed).toBe(false);
    expect([session.current, session.ending]).toEqual([undefined, 'elsewhere']);
  });

  it('does not come back when it ended while its tokens were exchanged', async () => {
    const renewed = session.renew('access 1');
    await vi.waitFor(() => expect(answer).not.toBe(unasked));
    session.end('signedOut');
    answer(new Response(JSON.stringify(next)));
    expect(await renewed).toBe(false);
    expect([session.current, session.ending]).toEqual([undefined, 'signedOut']);
  });

  it('keeps the reason for which it ended here', async () => {
    const renewed = session.renew('access 1');
    await vi.waitFor(() => expect(answer).not.toBe(unasked));
    session.end('erased');
    answer(new Response('', { status: 401 }));
    await renewed;
    expect(session.ending).toBe('erased');
  });

  it('goes on without storage, for as long as the tab', async () => {
    session.end('signedOut');
    isFull = true;
    session.start(signedIn);
    const renewed = session.renew('access 1');
    await answerWith(new Response(JSON.stringify(next)));
    expect(await renewed).toBe(true);
    expect(session.current?.accessToken).toBe('access 2');
  });
});
