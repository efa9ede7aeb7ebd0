import { Refused } from './api.mjs';
import { multipart } from './multipart.mjs';

/** A new access token is fetched this long before the old one ends, so that no request meets the end. */
const RefreshAheadMs = 60_000;

/** One account with one signed-in session, and its requests. */
export class Person {
  #tokens = null;
  #refreshing = null;

  constructor(api, ledger, { userName, email, password }) {
    Object.assign(this, { api, ledger, userName, email, password });
  }

  /** A program that acts for an account with an API key. */
  static withKey({ api, ledger, userName, id }, key) {
    const program = new Person(api, ledger, { userName });
    program.id = id;
    program.#tokens = { accessToken: key, endsAt: Infinity };
    return program;
  }

  async register(expected) {
    const body = { userName: this.userName, email: this.email, password: this.password };
    const answer = await this.write(expected, 'POST', '/api/v1/accounts', { body, anonymous: true });
    this.id = answer.id;
    this.#keep(answer);
    return answer;
  }

  /** Another session of the same account, as from a second device. */
  async signInAgain(expected) {
    const device = new Person(this.api, this.ledger, this);
    await device.signIn(expected);
    return device;
  }

  async signIn(expected) {
    const body = { name: this.userName, password: this.password };
    const answer = await this.write(expected, 'POST', '/api/v1/sessions', { body, anonymous: true });
    this.id = answer.accountId;
    this.#keep(answer);
    return answer;
  }

  async refresh(expected, refreshToken = this.#tokens.refreshToken) {
    const answer = await this.write(expected, 'POST', '/api/v1/sessions/refresh', {
      body: { refreshToken },
      anonymous: true,
    });
    this.#keep(answer);
    return answer;
  }

  get refreshToken() {
    return this.#tokens.refreshToken;
  }

  /** An access token that does not expire soon, for every request and the live connections. */
  async token() {
    if (Date.now() < this.#tokens.endsAt - RefreshAheadMs) return this.#tokens.accessToken;
    this.#refreshing ??= this.refresh(null)
      .catch(() => this.signIn(null))
      .finally(() => (this.#refreshing = null));
    await this.#refreshing;
    return this.#tokens.accessToken;
  }

  /**
   * A write, recorded in the ledger with its expected event.
   * @param expected `{ type, data }` of the event that it causes; `data` may be a function of the answer. `null` if it
   * must change nothing.
   */
  async write(expected, method, path, { body, file, key = this.ledger.newKey(), anonymous = false } = {}) {
    const startedAt = performance.now();
    const answer = await this.#send(method, path, { body, file, key, anonymous });
    return this.ledger.acknowledge(expected, `${method} ${pattern(path)}`, answer, startedAt);
  }

  /** A write that should be refused. It is not recorded; the caller checks the refusal. */
  attempt(method, path, { body, file, key, anonymous = false } = {}) {
    return this.#send(method, path, { body, file, key: key ?? this.ledger.newKey(), anonymous });
  }

  async read(path, after) {
    const { json } = await this.readRaw(path, { ...(after && { 'veza-after': String(after) }) });
    return json;
  }

  async readRaw(path, headers = {}) {
    const startedAt = performance.now();
    const answer = await this.api.send('GET', path, { headers, token: await this.token() });
    this.ledger.timing(`GET ${pattern(path)}`, performance.now() - startedAt);
    return answer;
  }

  /** All items of a paged list, by following `next`. */
  async readAll(path, after, pagesMax = 2_000) {
    const items = [];
    for (let next = path, pages = 0; next; pages++) {
      if (pages === pagesMax)
        throw new Error(`GET ${path} has more than ${pagesMax} pages; the last asked for was ${next}`);
      const page = await this.read(next, after);
      items.push(...page.items);
      next = page.next;
    }
    return items;
  }

  async #send(method, path, { body, file, key, anonymous }) {
    const sent = file
      ? multipart(body, file, key)
      : body && { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) };
    const headers = { 'idempotency-key': key, ...(sent && { 'content-type': sent.type }) };
    const token = anonymous ? undefined : await this.token();
    return this.api.send(method, path, { headers, body: sent?.bytes, token });
  }

  #keep({ accessToken, refreshToken, expiresIn }) {
    if (!accessToken || !refreshToken || !(expiresIn > 0)) throw new Error(`${this.userName} got no tokens`);
    this.#tokens = { accessToken, refreshToken, endsAt: Date.now() + expiresIn * 1000 };
  }
}

/** The path without ids, which groups the timings of one endpoint. */
const pattern = path =>
  path
    .replace(/\?.*$/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')
    .replace(/reactions\/.+$/, 'reactions/{emoji}');

/** Runs a request that must be refused. @returns the refusal, or undefined if it was accepted */
export async function refusal(run) {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}
