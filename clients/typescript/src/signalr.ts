import { HttpTransportType, HubConnectionBuilder, LogLevel, type IHttpConnectionOptions } from '@microsoft/signalr';
import type { Connect, Hub } from './hub.js';

/**
 * How bytes travel. WebSockets need no sticky sessions, as a connection is one request; the other two need them, as theirs are several, and every
 * one of them must reach the same server.
 */
export type Transport = 'webSockets' | 'serverSentEvents' | 'longPolling';

const types: Record<Transport, HttpTransportType> = {
  webSockets: HttpTransportType.WebSockets,
  serverSentEvents: HttpTransportType.ServerSentEvents,
  longPolling: HttpTransportType.LongPolling,
};

/** A server that has said nothing for so long, not even that it is there (every 15 s), is taken for dead. */
const SilenceMaxMs = 30_000;

/** @param transports those allowed; the first one that both sides can speak is used */
export function signalr(transports: readonly Transport[], webSocket: unknown): Connect {
  return async (url, token) => {
    // SignalR takes the constructor, and leaves it out of its types.
    const options: IHttpConnectionOptions & { WebSocket?: unknown } = {
      transport: transports.reduce((all, one) => all | types[one], HttpTransportType.None),
      skipNegotiation: transports.length === 1 && transports[0] === 'webSockets',
      accessTokenFactory: token,
    };
    if (webSocket !== undefined) options.WebSocket = webSocket;
    const connection = new HubConnectionBuilder().withUrl(`${url}/hubs/live`, options).configureLogging(LogLevel.None).build();
    connection.serverTimeoutInMilliseconds = SilenceMaxMs;
    const gone = new Promise<Error | undefined>(resolve => connection.onclose(resolve));
    await connection.start();
    return { gone, stop: () => connection.stop(), stream: (method, ...args) => connection.stream(method, ...args) } satisfies Hub;
  };
}
