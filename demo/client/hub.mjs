import { LiveClient, OutOfPatience } from '@veza/client';
import WebSocket from 'ws';
import { Watch } from './watch.mjs';

/**
 * One live connection with any number of watches. The TypeScript client reconnects and resumes by itself; this class
 * checks again what arrives.
 */
export class LiveConnection {
  #live;
  #sockets = new Set();
  #opened = 0;

  constructor(url, person, patienceMs) {
    this.person = person;
    this.faults = [];
    this.#live = new LiveClient({
      url,
      accessToken: () => person.token(),
      patienceMs,
      webSocket: this.#trackedSocket(),
    });
  }

  get reconnects() {
    return Math.max(0, this.#opened - 1);
  }

  watch(name, topics, after) {
    const watch = new Watch(name, topics, after);
    this.#follow(watch).catch(error =>
      (error instanceof OutOfPatience ? this.faults : watch.faults).push(error.message),
    );
    return watch;
  }

  /** Breaks the socket without a close handshake, like a train in a tunnel. */
  breakOff() {
    for (const socket of this.#sockets) socket.terminate();
  }

  stop() {
    return this.#live.close();
  }

  async #follow(watch) {
    try {
      for await (const update of this.#live.subscribe(watch.topics, { after: watch.after })) this.#take(watch, update);
    } catch (error) {
      if (error.name !== 'Refused') throw error;
      watch.refusal = error.message;
    }
  }

  #take(watch, update) {
    switch (update.kind) {
      case 'batch':
        return watch.receive(update);
      case 'level':
        return void watch.levels.push(update);
      case 'interrupted':
        if (update.reason === 'outOfSequence') watch.faults.push(update.detail);
        return watch.goesOn();
      case 'closed':
        return void (watch.refusal = `closed: ${update.reason}`);
      default:
        return void watch.faults.push(JSON.stringify(update));
    }
  }

  #trackedSocket() {
    const connection = this;
    return class TrackedSocket extends WebSocket {
      constructor(...args) {
        super(...args);
        connection.#opened++;
        connection.#sockets.add(this);
        this.on('close', () => connection.#sockets.delete(this));
      }
    };
  }
}
