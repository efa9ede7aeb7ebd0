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

/** How often client and server say that they are there, over WebSockets, where the server is told so: less often than the 30 s after which some proxies cut a silent connection. */
const KeepAliveS = 25;
/** SignalR's own, which holds for the other transports. */
const DefaultKeepAliveS = 15;
/** How much later than expected the server may be heard of before it is taken for dead. */
const StallMaxS = 15;

/** @param transports those allowed; the first one that both sides can speak is used */
export function signalr(transports: readonly Transport[], webSocket: unknown): Connect {
  return async (url, token) => {
    const webSocketsAlone = transports.length === 1 && transports[0] === 'webSockets';
    const keepAliveS = webSocketsAlone ? KeepAliveS : DefaultKeepAliveS;
    // SignalR takes the constructor, and leaves it out of its types.
    const options: IHttpConnectionOptions & { WebSocket?: unknown } = {
      transport: transports.reduce((all, one) => all | types[one], HttpTransportType.None),
      skipNegotiation: webSocketsAlone,
      accessTokenFactory: token,
    };
    if (webSocket !== undefined) options.WebSocket = webSocket;
    const address = `${url}/hubs/live${webSocketsAlone ? `?keepAlive=${keepAliveS}` : ''}`;
    const connection = new HubConnectionBuilder().withUrl(address, options).configureLogging(LogLevel.None).build();
    connection.keepAliveIntervalInMilliseconds = keepAliveS * 1000;
    connection.serverTimeoutInMilliseconds = (keepAliveS + StallMaxS) * 1000;
    const gone = new Promise<Error | undefined>(resolve => connection.onclose(resolve));
    await connection.start();
    return { gone, stop: () => connection.stop(), stream: (method, ...args) => connection.stream(method, ...args) } satisfies Hub;
  };
}
