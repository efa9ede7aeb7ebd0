import type { Failure, FromWorker, ToWorker } from './protocol';
import { Streams } from './streams';

// The shared worker: it holds the live connection for all tabs of one session. The worker's name is the session.

declare const self: { onconnect: (event: MessageEvent) => void; close(): void };

/** How long a tab may take to hand out a token before another one is asked. */
const TokenWithinMs = 5_000;

const tabs = new Set<Tab>();
const streams = new Streams(location.origin, accessToken);
let lastToken = 0;

/** Any tab has the same session; one that is frozen or closed does not answer. */
async function accessToken(failures: number): Promise<string> {
  for (const tab of [...tabs].reverse()) {
    const token = await tab.token(failures);
    if (token !== undefined) return token;
  }
  throw new Error('no tab has a token');
}

class Tab {
  readonly #open = new Map<number, AbortController>();
  readonly #tokens = new Map<number, (token: string | undefined) => void>();

  constructor(readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => this.#take(data);
    tabs.add(this);
  }

  token(failures: number): Promise<string | undefined> {
    return new Promise(resolve => {
      const id = ++lastToken;
      const timer = setTimeout(() => this.#token(id, undefined), TokenWithinMs);
      this.#tokens.set(id, token => {
        clearTimeout(timer);
        resolve(token);
      });
      this.#say({ kind: 'tokenWanted', id, failures });
    });
  }

  #take(message: ToWorker): void {
    switch (message.kind) {
      case 'hello':
        // The tab holds the lock for as long as it lives, so the worker gets it when the tab is gone.
        if (message.lock !== undefined) void navigator.locks.request(message.lock, () => this.#leave());
        break;
      case 'open':
        void this.#follow(message.id, message.stream);
        break;
      case 'close':
        this.#open.get(message.id)?.abort();
        break;
      case 'call':
        streams.call(message.call);
        break;
      case 'token':
        this.#token(message.id, message.token);
        break;
      case 'bye':
        this.#leave();
        break;
    }
  }

  async #follow(id: number, stream: Parameters<Streams['open']>[0]): Promise<void> {
    const ending = new AbortController();
    this.#open.set(id, ending);
    let error: Failure | undefined;
    try {
      for await (const message of streams.open(stream, ending.signal)) this.#say({ kind: 'message', id, message });
    } catch (fault) {
      error = failure(fault);
    }
    this.#open.delete(id);
    this.#say({ kind: 'end', id, error });
  }

  #token(id: number, token: string | undefined): void {
    this.#tokens.get(id)?.(token);
    this.#tokens.delete(id);
  }

  #leave(): void {
    tabs.delete(this);
    for (const ending of this.#open.values()) ending.abort();
    for (const id of [...this.#tokens.keys()]) this.#token(id, undefined);
    if (tabs.size === 0) {
      streams.close();
      self.close();
    }
  }

  #say(message: FromWorker): void {
    this.port.postMessage(message);
  }
}

function failure(fault: unknown): Failure {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  return { name: error.name, code: 'code' in error ? String(error.code) : undefined, message: error.message };
}

self.onconnect = ({ ports }) => {
  const port = ports[0];
  if (port !== undefined) new Tab(port);
};
