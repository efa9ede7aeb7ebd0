import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

/** A minute, beside the 5 s that each read waits by itself. */
const ShownTriesMax = 12;

const Password = 'correct horse battery';

/** What `src/Web/Accounts/session.svelte.ts` keeps in the browser. */
const SessionKey = 'veza.session';

interface Registered {
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** An account, and its calls of the API: what a test prepares without the page. */
export class Account {
  private constructor(
    readonly address: string,
    readonly userName: string,
    private readonly registered: Registered,
  ) {}

  /** Registers an account. Its name is `name` and a few letters, so that each test has its own. */
  static register(address: string, name: string): Promise<Account> {
    return Account.named(address, `${name}_${randomUUID().slice(0, 6)}`);
  }

  /** Registers an account of just this name, on a Veza that has no other. */
  static async named(address: string, userName: string): Promise<Account> {
    const body = { userName, email: `${userName}@example.org`, password: Password };
    return new Account(address, userName, await call(address, 'POST', '/api/v1/accounts', body));
  }

  /** The operator, whom the first start in development makes; its password is in a file. */
  static async operator(address: string, home: string): Promise<Account> {
    const { userName, password } = JSON.parse(await readFile(path.join(home, 'operator.json'), 'utf8')) as Record<
      'userName' | 'password',
      string
    >;
    type SignedIn = Omit<Registered, 'id'> & { accountId: string };
    const signedIn = await call<SignedIn>(address, 'POST', '/api/v1/sessions', { name: userName, password });
    return new Account(address, userName, { ...signedIn, id: signedIn.accountId });
  }

  /** Registers another account at the same Veza. */
  another(name: string): Promise<Account> {
    return Account.register(this.address, name);
  }

  /** The server's. */
  get origin(): string {
    return this.address;
  }

  get id(): string {
    return this.registered.id;
  }

  get password(): string {
    return Password;
  }

  get token(): string {
    return this.registered.accessToken;
  }

  get<Answer>(where: string): Promise<Answer> {
    return call(this.address, 'GET', where, undefined, this.token);
  }

  post<Answer = Written>(where: string, body: unknown = {}): Promise<Answer> {
    return call(this.address, 'POST', where, body, this.token);
  }

  put<Answer = Written>(where: string, body: unknown = {}): Promise<Answer> {
    return call(this.address, 'PUT', where, body, this.token);
  }

  patch<Answer = Written>(where: string, body: unknown = {}): Promise<Answer> {
    return call(this.address, 'PATCH', where, body, this.token);
  }

  delete<Answer = Written>(where: string): Promise<Answer> {
    return call(this.address, 'DELETE', where, undefined, this.token);
  }

  /** A community of this account with its channel `general`. */
  async community(name: string): Promise<{ id: string; channelId: string }> {
    const made = await this.post<Written & { generalChannelId: string }>('/api/v1/communities', { name });
    await this.#shown(`/api/v1/communities/${made.id}`);
    return { id: made.id, channelId: made.generalChannelId };
  }

  async say(channelId: string, text: string): Promise<string> {
    return (await this.post(`/api/v1/channels/${channelId}/messages`, { text })).id;
  }

  /** Waits until a read shows what was just written, on an overloaded machine longer than the read itself waits. */
  async #shown(where: string): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        await this.get(where);
        return;
      } catch (error) {
        if (tries === ShownTriesMax) throw error;
        await after(500);
      }
  }

  /** A browser's storage in which this account is signed in. */
  storage(origin: string): Storage {
    const { accessToken, refreshToken, expiresIn } = this.registered;
    const expiresAt = Date.now() + expiresIn * 1000;
    const value = JSON.stringify({ accountId: this.id, userName: this.userName, accessToken, refreshToken, expiresAt });
    return { cookies: [], origins: [{ origin, localStorage: [{ name: SessionKey, value }] }] };
  }
}

/** The form in which Playwright takes it. */
interface Storage {
  cookies: [];
  origins: { origin: string; localStorage: { name: string; value: string }[] }[];
}

/** The answer of a write. */
export interface Written {
  readonly id: string;
  readonly version: number;
  readonly position: number;
}

async function call<Answer>(
  address: string,
  method: string,
  where: string,
  body?: unknown,
  token?: string,
): Promise<Answer> {
  const form = body instanceof FormData;
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined && !form) headers['content-type'] = 'application/json';
  const answer = await fetch(address + where, {
    method,
    headers,
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${where} answered ${answer.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}
