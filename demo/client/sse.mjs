import { sleep } from '../pace.mjs';
import { Body } from './body.mjs';
import { Watch } from './watch.mjs';

const FirstWaitMs = 50;
const LongestWaitMs = 2_000;

/** A watch over server-sent events. After a break it sends only `Last-Event-ID`, as a browser's EventSource does. */
export class EventStream {
  #lastEventId = null;
  #body = null;
  #stopped = false;

  constructor(url, person, topics, after, patienceMs) {
    Object.assign(this, { url, person, patienceMs });
    this.watch = new Watch(`server-sent events of ${person.userName}`, topics, after);
    this.done = this.#run();
  }

  breakOff() {
    this.#body?.leave();
  }

  async stop() {
    this.#stopped = true;
    this.breakOff();
    await this.done;
  }

  async #run() {
    let deadline = performance.now() + this.patienceMs;
    for (let waitMs = FirstWaitMs; !this.#stopped; waitMs = Math.min(waitMs * 2, LongestWaitMs)) {
      const eventsBefore = this.watch.items.length;
      const error = await this.#readUntilBroken().catch(reason => reason);
      if (this.#stopped) return;
      if (this.watch.items.length > eventsBefore)
        [waitMs, deadline] = [FirstWaitMs, performance.now() + this.patienceMs];
      if (performance.now() > deadline) return void this.watch.faults.push(`no connection: ${error?.message}`);
      this.watch.goesOn();
      await sleep(waitMs);
    }
  }

  async #readUntilBroken() {
    const { topics, after } = this.watch;
    const resume = this.#lastEventId ? { 'last-event-id': this.#lastEventId } : {};
    const response = await fetch(
      `${this.url}/api/v1/live?topics=${topics.map(encodeURIComponent).join(',')}&after=${after}`,
      {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${await this.person.token()}`, ...resume },
      },
    );
    if (!response.ok) throw new Error(`GET /api/v1/live answered ${response.status} ${await response.text()}`);
    this.#body = new Body(response);
    // It may have been stopped while it was connecting.
    if (this.#stopped) this.breakOff();
    for await (const { event, id, data } of eventsOf(this.#body)) this.#take(event, id, data);
    return new Error('the stream ended');
  }

  #take(event, id, data) {
    if (event === 'fellBehind') this.watch.faults.push(`fell behind: ${data}`);
    if (event !== 'batch') return;
    const batch = JSON.parse(data);
    if (id !== `${batch.epoch}:${batch.position}`)
      this.watch.faults.push(`the id is ${id}, but the batch is ${batch.epoch}:${batch.position}`);
    this.watch.receive(batch);
    this.#lastEventId = id;
  }
}

/** Splits a body into server-sent events (WHATWG HTML, 9.2.6). It skips comments, which keep the connection alive. */
async function* eventsOf(body) {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = fieldsOf(text.slice(0, end));
      text = text.slice(end + 2);
      if (event.data !== undefined) yield event;
    }
  }
}

function fieldsOf(block) {
  const event = { event: 'message' };
  for (const line of block.split('\n')) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (name === 'data') event.data = event.data === undefined ? value : `${event.data}\n${value}`;
    else if (name === 'event' || name === 'id') event[name] = value;
  }
  return event;
}
