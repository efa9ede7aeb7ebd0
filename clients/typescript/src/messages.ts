import type { Item } from './items.js';
import type { components } from './schema.js';

/**
 * A message of the server, distinguished by `kind`. All except batches, levels, `topicsClosed` and `channelsChanged`
 * end the subscription.
 */
export type ServerMessage = Batch | Level | TopicsClosed | ChannelsChanged | FellBehind | EpochChanged | Closed;

/** Every item of the subscription after `previous` and up to `position`. */
export interface Batch {
  readonly kind: 'batch';
  /** Names this timeline of the log. A client resumes with it and `position`. */
  readonly epoch: string;
  readonly previous: number;
  readonly position: number;
  /** Oldest first; empty when only the position moved. */
  readonly items: readonly Item[];
}

/**
 * The current loudness of a followed Ogg Opus broadcast, at most five times a second. It is no item: it has no
 * position, and of several that wait the caller gets only the newest.
 */
export interface Level {
  readonly kind: 'level';
  readonly broadcastId: string;
  /** When the server read it, as an ISO time. */
  readonly at: string;
  /** The largest sample since the previous level, at least −70; null while unmetered. */
  readonly samplePeakDbfs: number | null;
  /** Loudness of the last 400 ms (EBU R128, momentary), at least −70; null while unmetered. */
  readonly momentaryLufs: number | null;
  /** Why there are no numbers; null when there are. */
  readonly unmetered: 'channel_mapping' | 'too_many' | null;
}

/** The subscription continues without these topics. */
export interface TopicsClosed {
  readonly kind: 'topicsClosed';
  /** `membership_ended` or `permission_ended`. */
  readonly reason: string;
  /** The caller gets none of their items after it. */
  readonly position: number;
  readonly topics: readonly string[];
}

/**
 * The caller may see other channels of a community than before: read their list again. It comes after a change of roles
 * or overwrites that concerns the caller.
 */
export interface ChannelsChanged {
  readonly kind: 'channelsChanged';
  readonly communityId: string;
  /** Of the change. */
  readonly position: number;
}

/** The client is too far behind: fetch the state again and subscribe after `head`. */
export interface FellBehind {
  readonly kind: 'fellBehind';
  readonly epoch: string;
  readonly head: number;
}

/**
 * A failover or a restore forked the log: positions of the former epoch mean nothing now. Fetch the state again and
 * subscribe after `head`.
 */
export interface EpochChanged {
  readonly kind: 'epochChanged';
  readonly epoch: string;
  readonly head: number;
}

/**
 * The server ended the subscription for good, as with `session_ended` and `membership_ended`. Temporary reasons become
 * `interrupted` instead.
 */
export interface Closed {
  readonly kind: 'closed';
  readonly reason: string;
}

/**
 * No items arrive for now. The subscription resumes by itself after the last position, without a loss.
 * `moving`: the server stops, and the client connects to another. `lost`: the connection broke. `notReady`: the server
 * cannot serve it yet. `outOfSequence`: a batch did not follow the last one, and is requested again.
 */
export interface Interrupted {
  readonly kind: 'interrupted';
  readonly reason: 'moving' | 'lost' | 'notReady' | 'outOfSequence';
  readonly detail: string;
}

/** A followed chart as of a position. It is complete by itself; of several that wait the caller gets the newest. */
export interface ChartChanged {
  readonly kind: 'chart';
  readonly epoch: string;
  /** The chart includes every play counted up to here. */
  readonly position: number;
  /** The moment that the chart is computed for, as an ISO time. */
  readonly at: string;
  readonly chart: {
    readonly chart: ChartName;
    readonly span: ChartSpan;
    readonly genre: string | null;
    readonly items: readonly components['schemas']['ChartEntryView'][];
  };
}

export type ChartName = 'top' | 'trending';
export type ChartSpan = 'hour' | 'day' | 'week' | 'all';

/** An update of a followed chart, which ends after `closed`. */
export type ChartUpdate = ChartChanged | Closed | Interrupted;

/**
 * What watched accounts do. Best effort: it has no positions, and a change that is lost is not sent again.
 */
export interface PresenceChanged {
  readonly kind: 'presence';
  readonly presence: readonly { readonly accountId: string; readonly status: ShownStatus }[];
  /** Without another of its entries within `expiresInMs`, the account has stopped typing. */
  readonly typing: readonly { readonly channelId: string; readonly accountId: string; readonly expiresInMs: number }[];
  /** Topics that are not watched any more; the watch ends with its last topic. */
  readonly closed: readonly string[];
}

/** Changes are sent from now on, also again after an interruption: fetch the state now. */
export interface Watching {
  readonly kind: 'watching';
}

export type WatchUpdate = PresenceChanged | Watching | Interrupted;

/** What a device may set. */
export type Status = 'online' | 'idle' | 'dnd' | 'invisible';
/** What others see. */
export type ShownStatus = 'online' | 'idle' | 'dnd' | 'offline';

/** An update of a subscription, which ends after `fellBehind`, `epochChanged` and `closed`. */
export type Update = ServerMessage | Interrupted;

export const isLast = (update: { readonly kind: string }): update is FellBehind | EpochChanged | Closed =>
  update.kind === 'fellBehind' || update.kind === 'epochChanged' || update.kind === 'closed';

/** The reason of a `closed` after which the client connects to another server. */
export const ServerStopping = 'server_stopping';

/** The server refused the subscription. */
export class Refused extends Error {
  override readonly name = 'Refused';

  /** @param code a stable code, such as `channel_unknown` */
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
  }
}

/** All attempts within `patienceMs` failed. */
export class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
}

/** Temporary codes of refusals and of `closed`: the same server may grant the request a little later. */
const notReady: ReadonlySet<string> = new Set(['not_there_yet', 'database_unavailable']);
/** Codes after which another server may grant the request. */
const elsewhere: ReadonlySet<string> = new Set([ServerStopping, 'too_many_connections']);

export const isNotReady = (code: string): boolean => notReady.has(code);
export const isElsewhere = (code: string): boolean => elsewhere.has(code);

/** A hub's error carries a refusal as `HubException: code: detail`. */
export function refusalIn(error: Error): Refused | undefined {
  const found = /HubException: ([a-z0-9_]+): (.*)$/s.exec(error.message);
  return found?.[1] === undefined ? undefined : new Refused(found[1], found[2] ?? '');
}
