import { spawn } from 'node:child_process';
import { sleep } from '../pace.mjs';

const ReconnectAfterMs = 500;
const ReconnectsMax = 100;

/** ffmpeg as an Icecast source that sends in real time. Like broadcasters' software, it reconnects to a lost server. */
export class Source {
  #child = null;
  #wanted = true;
  #stopped = false;
  /** The end of ffmpeg's error output. */
  said = '';

  constructor(path, args, url) {
    Object.assign(this, { path, args, url });
    this.ended = this.#run();
  }

  /** Disconnects until `connect`. */
  cut() {
    this.#wanted = false;
    this.#child?.kill('SIGKILL');
  }

  connect() {
    this.#wanted = true;
  }

  /** Waits for the server to end the connection, and does not reconnect. */
  expectEnd() {
    this.#stopped = true;
  }

  stop() {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
  }

  async #run() {
    for (let tries = 0; tries < ReconnectsMax && !this.#stopped;) {
      if (this.#wanted) {
        const startedAt = performance.now();
        await this.#send();
        tries = performance.now() - startedAt > 2_000 ? 0 : tries + 1;
      }
      await sleep(ReconnectAfterMs);
    }
  }

  #send() {
    return new Promise(resolve => {
      this.#child = spawn('ffmpeg', ['-v', 'error', '-re', '-i', this.path, ...this.args, this.url], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      this.#child.stderr.on('data', chunk => (this.said = (this.said + chunk).slice(-2_000)));
      this.#child.on('error', error => resolve((this.said = error.message)));
      this.#child.on('close', () => resolve());
    });
  }
}
