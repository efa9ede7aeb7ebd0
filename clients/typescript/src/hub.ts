/** One started connection to the hub, as much of it as is used; `@microsoft/signalr` gives it, tests have their own. */
export interface Hub {
  stream(method: string, ...args: unknown[]): { subscribe(observer: StreamObserver): { dispose(): void } };
  stop(): Promise<void>;
  /** Completes when the connection is gone, however that came. */
  readonly gone: Promise<Error | undefined>;
}

export interface StreamObserver {
  next(message: unknown): void;
  error(error: Error): void;
  complete(): void;
}

/**
 * Connects once, or fails.
 * @param url of the server, such as `https://veza.example`
 * @param token gives the access token
 */
export type Connect = (url: string, token: () => Promise<string>) => Promise<Hub>;
