import { finalRefusals } from '../names.mjs';
import { sleep, within } from '../pace.mjs';

/** The server refused a request. The error holds its problem details. */
export class Refused extends Error {
  constructor(method, path, status, problem) {
    const fields = problem.errors ? ` ${JSON.stringify(problem.errors)}` : '';
    super(
      `${method} ${path} answered ${status} ${problem.type ?? ''}: ` +
        `${problem.detail ?? problem.title ?? 'no detail'}${fields}` +
        (problem.traceId ? ` (trace ${problem.traceId})` : ''),
    );
    this.status = status;
    this.problem = problem;
  }

  get code() {
    return String(this.problem.type ?? '').replace(/^.*\/problems\//, '');
  }
}

const FirstWaitMs = 100;
const LongestWaitMs = 2_000;
/** "Too fast" names its wait, so patience counts waits: enough for a registration limit of a few a minute. */
const TooFastWaitsMax = 30;
/** A request that the server never answers would hang the demo, so it is repeated on a new connection. */
const AnswerWithinMs = 30_000;

/**
 * An HTTP client with retries. After a broken connection, "not ready" and "too fast" it waits and repeats the request
 * with the same bytes and Idempotency-Key. So a write that happened before the connection broke is not done again.
 */
export class Api {
  constructor(url, patienceMs) {
    this.url = url;
    this.patienceMs = patienceMs;
    this.retries = { connection: 0, notReady: 0, tooFast: 0 };
    this.requests = 0;
  }

  /** @returns `{ status, headers, bytes, json }`; throws `Refused` for a status of 400 and more */
  async send(method, path, { headers = {}, body, token } = {}) {
    const request = { method, headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) }, body };
    const deadline = performance.now() + this.patienceMs;
    for (let waitMs = FirstWaitMs, tooFast = 0; ; waitMs = Math.min(waitMs * 2, LongestWaitMs)) {
      const { answer, error } = await this.#once(path, request);
      if (answer && answer.status < 400) return answer;
      const cause = retryCause(answer);
      const patient = cause === 'tooFast' ? tooFast++ < TooFastWaitsMax : performance.now() < deadline;
      if (!cause || !patient) throw error ?? new Refused(method, path, answer.status, problemOf(answer));
      this.retries[cause]++;
      await sleep(answer?.retryAfterMs ?? waitMs);
    }
  }

  async #once(path, request) {
    this.requests++;
    try {
      const response = await within(AnswerWithinMs, fetch(this.url + path, request));
      const bytes = Buffer.from(await within(AnswerWithinMs, response.arrayBuffer()));
      return {
        answer: {
          status: response.status,
          headers: response.headers,
          bytes,
          json: parsed(response, bytes),
          retryAfterMs: retryAfterMs(response),
        },
      };
    } catch (error) {
      return {
        error: new Error(`${request.method} ${path}: ${error.cause?.message ?? error.message}`, { cause: error }),
      };
    }
  }
}

function retryCause(answer) {
  if (!answer) return 'connection';
  if (answer.status === 503) return 'notReady';
  if (answer.status === 429 && !finalRefusals.has(new Refused('', '', 429, problemOf(answer)).code)) return 'tooFast';
  return null;
}

function parsed(response, bytes) {
  const type = response.headers.get('content-type') ?? '';
  if (!/[/+]json/.test(type) || bytes.length === 0) return undefined;
  return JSON.parse(bytes.toString('utf8'));
}

function problemOf(answer) {
  return (
    answer.json ?? {
      title: `no problem details, but ${answer.bytes.length} bytes of ${answer.headers.get('content-type')}`,
    }
  );
}

function retryAfterMs(response) {
  const seconds = Number(response.headers.get('retry-after'));
  return seconds > 0 ? seconds * 1000 : undefined;
}
