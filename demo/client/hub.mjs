import { HubConnectionBuilder, HttpTransportType, HubConnectionState, LogLevel } from '@microsoft/signalr';
import WebSocket from 'ws';
import { sleep } from '../pace.mjs';
import { Watch } from './watch.mjs';

const FirstWaitMs = 50;
const LongestWaitMs = 2_000;
/** A stream that ends so often while its connection stands is refused, not unlucky. */
const StreamEndsMax = 5;

/** One SignalR connection with any number of watches. When it breaks it connects again and every watch goes on from its own position. */
export class LiveConnection {
  #hub;
  #sockets = new Set();
  #watches = [];
  #stopped = false;
  /** Counts connections: a stream that ended with an earlier one is `#again`'s business, even if the next one stands already. */
  #generation = 0;

  constructor(url, person, patienceMs) {
    this.person = person;
    this.patienceMs = patienceMs;
    this.reconnects = 0;
    this.faults = [];
    this.#hub = new HubConnectionBuilder()
      .withUrl(`${url}/hubs/live`, {
        skipNegotiation: true,
        transport: HttpTransportType.WebSockets,
        accessTokenFactory: () => person.token(),
        WebSocket: this.#trackedSocket(),
      })
      .configureLogging(LogLevel.None)
      .build();
    this.#hub.onclose(() => this.#again());
  }

  async start() {
    const deadline = performance.now() + this.patienceMs;
    for (let waitMs = FirstWaitMs; !this.#stopped; waitMs = Math.min(waitMs * 2, LongestWaitMs)) {
      try {
        return await this.#hub.start();
      } catch (error) {
        if (performance.now() > deadline) throw new Error(`the hub does not let ${this.person.userName} connect: ${error.message}`);
        await sleep(waitMs);
      }
    }
  }

  watch(name, topics, after) {
    const watch = new Watch(name, topics, after);
    this.#watches.push(watch);
    this.#subscribe(watch);
    return watch;
  }

  /** Tears the socket away without a goodbye, as a train in a tunnel does. */
  breakOff() {
    for (const socket of this.#sockets) socket.terminate();
  }

  async stop() {
    this.#stopped = true;
    await this.#hub.stop();
  }

  #subscribe(watch) {
    if (this.#hub.state !== HubConnectionState.Connected) return;
    const generation = this.#generation;
    const ended = reason => this.#streamEnded(watch, reason, generation);
    this.#hub.stream('Subscribe', watch.topics, watch.position).subscribe({
      next: item => this.#take(watch, item),
      error: error => ended(error.message),
      complete: () => ended('completed'),
    });
  }

  #take(watch, item) {
    if (item.kind === 'batch') {
      watch.endsInARow = 0;
      watch.receive(item);
    } else if (item.kind === 'fellBehind') {
      watch.faults.push(`fell behind: ${JSON.stringify(item)}`);
    } else {
      watch.closedWith = item;
    }
  }

  /** A stream that ends while the connection stands was ended by the server; with the connection gone, `#again` takes care. */
  async #streamEnded(watch, reason, generation) {
    await sleep(FirstWaitMs);
    if (this.#stopped || generation !== this.#generation || this.#hub.state !== HubConnectionState.Connected) return;
    watch.endsInARow = (watch.endsInARow ?? 0) + 1;
    if (watch.endsInARow >= StreamEndsMax || watch.once) {
      watch.refusal = watch.closedWith ? JSON.stringify(watch.closedWith) : reason;
      return;
    }
    await sleep(FirstWaitMs * 2 ** watch.endsInARow);
    if (generation === this.#generation) this.#subscribe(watch);
  }

  async #again() {
    this.#generation++;
    if (this.#stopped) return;
    this.reconnects++;
    try {
      await this.start();
    } catch (error) {
      this.faults.push(error.message);
      return;
    }
    for (const watch of this.#watches) {
      if (watch.refusal) continue;
      watch.goesOn();
      this.#subscribe(watch);
    }
  }

  #trackedSocket() {
    const sockets = this.#sockets;
    return class TrackedSocket extends WebSocket {
      constructor(...args) {
        super(...args);
        sockets.add(this);
        this.on('close', () => sockets.delete(this));
      }
    };
  }
}
