import { Backoff } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import type { Answer, Arguments, Method, PathOf } from './operations.js';
import { Problem, problemOf, Unreachable } from './problem.js';
import { addressOf, encoded, type Parts } from './request.js';
import { uuid } from './uuid.js';

/** Attempts of one request, with waits of 3 s on average between the first and the last. */
export const AttemptsMax = 5;
/** The longest `Retry-After` that a request waits for by itself; people should know of a longer one. */
export const RetryAfterMaxS = 5;
/**
 * The longest wait for an answer's beginning. The server waits at most 5 s for a read model; a network may swallow a
 * request. Forms have no limit, as uploads take as long as they take.
 */
export const AnswerWithinMs = 30_000;

/** Statuses of servers and proxies that are away for a moment. */
const Away: ReadonlySet<number> = new Set([502, 503, 504]);
/** 401 has these codes when the access token is at fault, and others when a password or a code is. */
const TokenCodes: ReadonlySet<string> = new Set(['token_expired', 'unauthenticated', 'http_401']);

export interface RestOptions {
  /** Veza's address, such as `https://veza.example`; empty for the page's own. */
  readonly url: string;
  /** Called before every attempt; undefined sends none. */
  readonly accessToken: () => string | undefined | Promise<string | undefined>;
  /**
   * Called when the server did not accept the access token. True when there is another, with which the request is sent
   * once more. Concurrent requests share one call.
   */
  readonly unauthorized?: () => Promise<boolean>;
  /** Replacements of the platform's, for tests. */
  readonly fetch?: typeof fetch;
  readonly random?: () => number;
  readonly clock?: Clock;
}

/** A read's body, and where in the log it is. Undefined is what the server does not say, as of the past. */
export interface Positioned<Body> {
  readonly body: Body;
  /** The body includes all events up to here, and perhaps later ones: follow its topics after this position. */
  readonly position: number | undefined;
  /** Counts in the body include exactly the events up to here: apply to them only items after this position. */
  readonly counted: number | undefined;
  readonly epoch: string | undefined;
}

/**
 * Veza's API, typed by its OpenAPI document. Writes happen once: all attempts of one call have the same idempotency
 * key. Reads wait for this client's last write.
 * @throws Problem from every method, when the server refuses or no attempt reaches it
 */
export class RestClient {
  readonly #options: RestOptions;
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #random: () => number;
  readonly #clock: Clock;
  #renewal: Promise<boolean> | undefined;
  #written = 0;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    // The platform's function must be called on its own object.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#random = options.random ?? Math.random;
    this.#clock = options.clock ?? systemClock;
  }

  /** The position of this client's last write, for which its reads wait; 0 before the first. */
  get written(): number {
    return this.#written;
  }

  get<P extends PathOf<'get'>>(...[path, options]: Arguments<'get', P>): Promise<Answer<'get', P>> {
    return this.#answer('get', path, options);
  }

  async getWithPosition<P extends PathOf<'get'>>(
    ...[path, options]: Arguments<'get', P>
  ): Promise<Positioned<Answer<'get', P>>> {
    return await this.#send('get', path, (options ?? {}) as Parts, async answer => ({
      body: (await bodyOf(answer)) as Answer<'get', P>,
      position: numberIn(answer, 'veza-complete'),
      counted: numberIn(answer, 'veza-position'),
      epoch: answer.headers.get('veza-epoch') ?? undefined,
    }));
  }

  /** The answer itself, with its body unread: for streams and downloads. */
  open<P extends PathOf<'get'>>(...[path, options]: Arguments<'get', P>): Promise<Response> {
    return this.#send('get', path, (options ?? {}) as Parts, unread);
  }

  post<P extends PathOf<'post'>>(...[path, options]: Arguments<'post', P>): Promise<Answer<'post', P>> {
    return this.#answer('post', path, options);
  }

  put<P extends PathOf<'put'>>(...[path, options]: Arguments<'put', P>): Promise<Answer<'put', P>> {
    return this.#answer('put', path, options);
  }

  patch<P extends PathOf<'patch'>>(...[path, options]: Arguments<'patch', P>): Promise<Answer<'patch', P>> {
    return this.#answer('patch', path, options);
  }

  delete<P extends PathOf<'delete'>>(...[path, options]: Arguments<'delete', P>): Promise<Answer<'delete', P>> {
    return this.#answer('delete', path, options);
  }

  async #answer<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    options: unknown,
  ): Promise<Answer<M, P>> {
    return (await this.#send(method, path, (options ?? {}) as Parts, bodyOf)) as Answer<M, P>;
  }

  /** What `read` makes of the first successful answer. */
  async #send<T>(method: Method, path: string, parts: Parts, read: Read<T>): Promise<T> {
    const isRead = method === 'get';
    const address = addressOf(this.#url, path, parts);
    const key = isRead ? undefined : (parts.idempotencyKey ?? uuid(this.#random));
    const backoff = new Backoff(this.#random);
    let mayRenew = this.#options.unauthorized !== undefined;
    for (let attempt = 1; ; attempt++) {
      const token = await this.#options.accessToken();
      const after = isRead ? this.#after(parts) : undefined;
      const outcome = await this.#attempt(method, address, parts, { token, key, after }, read);
      if (!(outcome instanceof Problem)) return outcome.read;
      if (outcome.status === 401 && token !== undefined && mayRenew && TokenCodes.has(outcome.code)) {
        mayRenew = false;
        if (await this.#renewed(token)) continue;
      }
      // The log's end was lost in a failover, or the server has another log now: there is nothing to wait for.
      if (outcome.code === 'position_ahead' && after !== undefined && parts.after === undefined) {
        this.#written = 0;
        continue;
      }
      const waitMs = attempt < AttemptsMax ? retryWaitMs(outcome, backoff) : undefined;
      if (waitMs === undefined) throw outcome;
      await this.#clock.sleep(waitMs, parts.signal ?? new AbortController().signal);
      parts.signal?.throwIfAborted();
    }
  }

  /** A successful answer, read, or the problem. Throws only the reason of an aborted signal. */
  async #attempt<T>(
    method: Method,
    address: string,
    parts: Parts,
    by: Credentials,
    read: Read<T>,
  ): Promise<{ read: T } | Problem> {
    const { body, type } = encoded(parts.body);
    const init: RequestInit = { method: method.toUpperCase(), headers: headersOf(type, by) };
    if (body !== undefined) init.body = body;

    parts.signal?.throwIfAborted();
    const ending = new AbortController();
    const end = (): void => ending.abort(parts.signal?.reason);
    parts.signal?.addEventListener('abort', end);
    const begun = new AbortController();
    if (!(body instanceof FormData))
      void this.#clock.sleep(AnswerWithinMs, begun.signal).then(() => begun.signal.aborted || ending.abort());
    try {
      const answer = await this.#fetch(address, { ...init, signal: ending.signal });
      begun.abort();
      if (!answer.ok) return await problemOf(answer);
      if (method !== 'get') this.#written = Math.max(this.#written, numberIn(answer, 'veza-position') ?? 0);
      return { read: await read(answer) };
    } catch (error) {
      parts.signal?.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      return new Problem(0, Unreachable, `no answer from ${address}: ${why}`, {}, undefined, { cause: error });
    } finally {
      begun.abort();
      // A body that the caller reads still ends with the signal.
      if ((read as unknown) !== unread) parts.signal?.removeEventListener('abort', end);
    }
  }

  #after(parts: Parts): number | undefined {
    if (parts.after !== undefined) return parts.after;
    // The past does not depend on the last write.
    return this.#written === 0 || parts.query?.['asOf'] !== undefined ? undefined : this.#written;
  }

  /** Whether there is another access token than the refused one. */
  async #renewed(refused: string): Promise<boolean> {
    if (this.#renewal === undefined) {
      const now = await this.#options.accessToken();
      if (now !== undefined && now !== refused) return true;
    }
    this.#renewal ??= Promise.resolve(this.#options.unauthorized?.() ?? false).finally(
      () => (this.#renewal = undefined),
    );
    return await this.#renewal;
  }
}

interface Credentials {
  readonly token: string | undefined;
  readonly key: string | undefined;
  readonly after: number | undefined;
}

type Read<T> = (answer: Response) => Promise<T>;

const unread = (answer: Response): Promise<Response> => Promise.resolve(answer);

function headersOf(type: string | undefined, by: Credentials): Headers {
  const headers = new Headers({ accept: 'application/json, */*;q=0.5' });
  if (type !== undefined) headers.set('content-type', type);
  if (by.token !== undefined) headers.set('authorization', `Bearer ${by.token}`);
  if (by.key !== undefined) headers.set('idempotency-key', by.key);
  if (by.after !== undefined) headers.set('veza-after', String(by.after));
  return headers;
}

/** Undefined when another attempt cannot help, or only after a wait that is too long to go unnoticed. */
function retryWaitMs(problem: Problem, backoff: Backoff): number | undefined {
  const { status, retryAfterS } = problem;
  const isAway = problem.code === Unreachable || Away.has(status);
  if (!isAway && !(status === 429 && retryAfterS !== undefined)) return undefined;
  if (retryAfterS === undefined) return backoff.nextMs();
  return retryAfterS <= RetryAfterMaxS ? retryAfterS * 1000 + backoff.nextMs() : undefined;
}

async function bodyOf(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined;
  if (!/\bjson\b/.test(answer.headers.get('content-type') ?? '')) {
    const blob = await answer.blob();
    return blob.size === 0 ? undefined : blob;
  }
  return await answer.json();
}

function numberIn(answer: Response, header: string): number | undefined {
  const text = answer.headers.get(header);
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
