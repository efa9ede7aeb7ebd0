import { LiveClient, type AccessToken } from '@veza/client';
import type { Call, Stream, StreamMessage } from './protocol';

/** The server allows 50 streams on one connection; the rest is for a tab that opens several at once. */
const StreamsPerConnection = 40;

interface Connection {
  readonly client: LiveClient;
  streams: number;
}

/** The live streams of one tab, or of all tabs in the shared worker, over as few connections as hold them. */
export class Streams {
  readonly #connections: Connection[] = [];

  constructor(
    readonly url: string,
    readonly accessToken: AccessToken,
  ) {}

  /** The messages of a stream, until it ends or the signal is aborted. */
  async *open(stream: Stream, signal: AbortSignal): AsyncGenerator<StreamMessage, void, undefined> {
    const connection = this.#withRoom();
    connection.streams++;
    try {
      yield* messages(connection.client, stream, signal);
    } finally {
      connection.streams--;
      if (connection.streams === 0) this.#leave(connection);
    }
  }

  /** The first connection makes the calls: presence may be said before anything is followed. */
  call(call: Call): void {
    const { client } = this.#connections[0] ?? this.#withRoom();
    const done = call.method === 'presence' ? client.setPresence(call.status) : client.typing(call.channelId);
    done.catch(() => undefined);
  }

  close(): void {
    for (const { client } of this.#connections.splice(0)) client.close().catch(() => undefined);
  }

  #withRoom(): Connection {
    const found = this.#connections.find(one => one.streams < StreamsPerConnection);
    if (found !== undefined) return found;
    const made = { client: new LiveClient({ url: this.url, accessToken: this.accessToken }), streams: 0 };
    this.#connections.push(made);
    return made;
  }

  /** The first connection stays, as presence is by connection. */
  #leave(connection: Connection): void {
    const at = this.#connections.indexOf(connection);
    if (at <= 0) return;
    this.#connections.splice(at, 1);
    connection.client.close().catch(() => undefined);
  }
}

function messages(
  client: LiveClient,
  stream: Stream,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage, void, undefined> {
  switch (stream.method) {
    case 'subscribe':
      return client.subscribe(stream.topics, { ...stream.options, signal });
    case 'chart':
      return client.followChart(stream.chart, stream.span, stream.genre, { signal });
    case 'watch':
      return client.watch(stream.topics, { signal });
  }
}
