import { HttpTransportType, HubConnectionBuilder, LogLevel, type IHttpConnectionOptions } from '@microsoft/signalr';
import type { Connect, Hub } from './hub.js';

/**
 * The transport of a connection. WebSockets need no sticky sessions, as a connection is one request. The other two need
 * them: their connections are several requests, which must all reach the same server.
 */
export type Transport = 'webSockets' | 'serverSentEvents' | 'longPolling';

const types: Record<Transport, HttpTransportType> = {
  webSockets: HttpTransportType.WebSockets,
  serverSentEvents: HttpTransportType.ServerSentEvents,
  longPolling: HttpTransportType.LongPolling,
};

/**
 * The ping interval of client and server over WebSockets, where the client can choose it: shorter than the 30 s after
 * which some proxies cut a silent connection.
 */
const KeepAliveS = 25;
/** SignalR's default, for the other transports. */
const DefaultKeepAliveS = 15;
/** How overdue the server's ping may be before the client drops the connection. */
const StallMaxS = 15;

/** @param transports the allowed ones; SignalR uses the first that both sides support */
export function signalr(transports: readonly Transport[], webSocket: unknown): Connect {
  return async (url, token) => {
    const webSocketsAlone = transports.length === 1 && transports[0] === 'webSockets';
    const keepAliveS = webSocketsAlone ? KeepAliveS : DefaultKeepAliveS;
    // SignalR accepts the constructor, but its types lack it.
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
    return {
      gone,
      stop: () => connection.stop(),
      invoke: (method, ...args) => connection.invoke<unknown>(method, ...args),
      stream: (method, ...args) => connection.stream(method, ...args),
    } satisfies Hub;
  };
}
