import { writeFile } from 'node:fs/promises';
import { sleep } from '../pace.mjs';
import { Body } from './body.mjs';

const ReconnectAfterMs = 300;
const ReconnectsMax = 100;
const SipEveryMs = 250;
const GoneWithinMs = 15_000;

/** A listener of a broadcast who records the bytes. Reconnecting after a broken connection begins a new segment. */
export class Listener {
  #body = null;
  #left = false;
  /** Set when the broadcast was stopped. Without it, the end of the stream is a broken connection. */
  over = false;

  constructor(url, person, { delayMs, slow }) {
    Object.assign(this, { url, person, slow, segments: [] });
    this.done = sleep(delayMs).then(() => this.#listen());
  }

  get heardSomething() {
    return this.segments.some(segment => segment.size > 0);
  }

  /** Waits until the server ends the stream. A server that does not is a fault, reported as `error`. */
  async finished() {
    const late = sleep(GoneWithinMs).then(() => 'the stream did not end with the broadcast');
    this.error = (await Promise.race([this.done, late])) ?? this.error;
    this.#left = true;
    this.#body?.leave();
    return { segments: this.segments.filter(segment => segment.size > 0), error: this.error };
  }

  async #listen() {
    for (let tries = 0; tries < ReconnectsMax; tries++) {
      try {
        await this.#connect();
      } catch (error) {
        this.error = error.cause?.message ?? error.message;
      }
      if (this.over || this.#left) return;
      await sleep(ReconnectAfterMs);
    }
  }

  async #connect() {
    const response = await fetch(this.url, { headers: { authorization: `Bearer ${await this.person.token()}` } });
    if (!response.ok) {
      this.error = `GET answered ${response.status} ${await response.text()}`;
      return;
    }
    const segment = new Segment(response.headers.get('content-type'));
    this.segments.push(segment);
    this.#body = new Body(response);
    for await (const chunk of this.#body) {
      segment.add(chunk);
      if (this.slow) await sleep(SipEveryMs);
    }
  }
}

class Segment {
  #chunks = [];
  #firstAt = null;
  #lastAt = null;
  size = 0;

  constructor(type) {
    this.type = type;
  }

  add(chunk) {
    this.#chunks.push(chunk);
    this.size += chunk.length;
    this.#lastAt = performance.now();
    this.#firstAt ??= this.#lastAt;
  }

  /** From the first byte to the last, without the wait before the first. */
  get flowingMs() {
    return this.#firstAt === null ? 0 : this.#lastAt - this.#firstAt;
  }

  async save(path) {
    await writeFile(path, Buffer.concat(this.#chunks));
    return path;
  }
}
