import type {
  ChartName,
  ChartSpan,
  ChartUpdate,
  Status,
  SubscribeOptions,
  Topic,
  Update,
  WatchUpdate,
} from '@veza/client';

// What a tab and the shared worker say to each other.

/** One stream of the live connection, without its signal. */
export type Stream =
  | { readonly method: 'subscribe'; readonly topics: readonly Topic[]; readonly options: Place }
  | { readonly method: 'chart'; readonly chart: ChartName; readonly span: ChartSpan; readonly genre: string | null }
  | { readonly method: 'watch'; readonly topics: readonly Topic[] };

export type Place = Pick<SubscribeOptions, 'after' | 'epoch'>;

export type StreamMessage = Update | ChartUpdate | WatchUpdate;

/** A call without an answer that anything waits for: presence and typing may be lost. */
export type Call =
  | { readonly method: 'presence'; readonly status: Status }
  | { readonly method: 'typing'; readonly channelId: string };

export type ToWorker =
  | { readonly kind: 'hello'; readonly lock: string | undefined }
  | { readonly kind: 'open'; readonly id: number; readonly stream: Stream }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'token'; readonly id: number; readonly token: string }
  | { readonly kind: 'bye' };

export type FromWorker =
  | { readonly kind: 'message'; readonly id: number; readonly message: StreamMessage }
  | { readonly kind: 'end'; readonly id: number; readonly error: Failure | undefined }
  | { readonly kind: 'tokenWanted'; readonly id: number; readonly failures: number };

/** An error as structured cloning keeps it. */
export interface Failure {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}
