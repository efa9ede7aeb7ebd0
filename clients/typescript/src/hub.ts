/** A started connection to the hub, with the members used here. `@microsoft/signalr` provides it; tests replace it. */
export interface Hub {
  stream(method: string, ...args: unknown[]): { subscribe(observer: StreamObserver): { dispose(): void } };
  invoke(method: string, ...args: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
  /** Completes when the connection is lost or closed, for any reason. */
  readonly gone: Promise<Error | undefined>;
}

export interface StreamObserver {
  next(message: unknown): void;
  error(error: Error): void;
  complete(): void;
}

/**
 * Connects once, or fails.
 * @param url the server's address, such as `https://veza.example`
 * @param token returns the access token
 */
export type Connect = (url: string, token: () => Promise<string>) => Promise<Hub>;
