import type { Item } from './items.js';

/** What the server sends, told apart by `kind`. All but batches, levels and `topicsClosed` are a subscription's last. */
export type ServerMessage = Batch | Level | TopicsClosed | FellBehind | EpochChanged | Closed;

/** Everything after `previous` and up to `position` that concerns the subscription. */
export interface Batch {
  readonly kind: 'batch';
  /** Names this history of the log; with `position` it is the token to resume with. */
  readonly epoch: string;
  readonly previous: number;
  readonly position: number;
  /** Oldest first; empty when only the position moved. */
  readonly items: readonly Item[];
}

/**
 * How loud a followed broadcast of Ogg Opus is now, at most five times a second. It is no item: it has no position, and
 * of several that wait only the newest is handed out.
 */
export interface Level {
  readonly kind: 'level';
  readonly broadcastId: string;
  /** When the server read it, as an ISO time. */
  readonly at: string;
  /** The largest sample since the level before, at least −70; null while unmetered. */
  readonly samplePeakDbfs: number | null;
  /** Loudness of the last 400 ms (EBU R128, momentary), at least −70; null while unmetered. */
  readonly momentaryLufs: number | null;
  /** Why there are no numbers. */
  readonly unmetered: 'channel_mapping' | 'too_many' | null;
}

/** The subscription goes on without these topics. */
export interface TopicsClosed {
  readonly kind: 'topicsClosed';
  /** Such as `membership_ended`. */
  readonly reason: string;
  /** Nothing of them after it is handed out. */
  readonly position: number;
  readonly topics: readonly string[];
}

/** There is too much to catch up with: fetch the state anew and subscribe after `head`. */
export interface FellBehind {
  readonly kind: 'fellBehind';
  readonly epoch: string;
  readonly head: number;
}

/** A failover or a restore forked the log: positions of the former epoch mean nothing now. Fetch the state anew and subscribe after `head`. */
export interface EpochChanged {
  readonly kind: 'epochChanged';
  readonly epoch: string;
  readonly head: number;
}

/** The server ended it for good, as with `session_ended` and `membership_ended`. A reason that means "not now" is never handed out: see `interrupted`. */
export interface Closed {
  readonly kind: 'closed';
  readonly reason: string;
}

/**
 * Nothing arrives for now; it goes on by itself, after the last position, without a loss.
 * `moving`: the server stops and another is looked for. `lost`: the connection broke. `notReady`: the server cannot serve it yet.
 * `outOfSequence`: a batch did not follow on the last one; it was thrown away and is asked for again.
 */
export interface Interrupted {
  readonly kind: 'interrupted';
  readonly reason: 'moving' | 'lost' | 'notReady' | 'outOfSequence';
  readonly detail: string;
}

/** What a subscription hands out. After `fellBehind`, `epochChanged` and `closed` it ends. */
export type Update = ServerMessage | Interrupted;

/** The reason of a `closed` that means: connect again, to reach another server. */
export const ServerStopping = 'server_stopping';

/** The server refuses a subscription. */
export class Refused extends Error {
  override readonly name = 'Refused';

  /** @param code stable for ever, such as `channel_unknown` */
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
  }
}

/** It was tried for as long as `patienceMs` allows. */
export class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
}

/** Codes that say "not now", of refusals and of `closed`: the same request may be granted a little later by the same server. */
const notReady: ReadonlySet<string> = new Set(['not_there_yet', 'database_unavailable']);
/** The same request may be granted by another server. */
const elsewhere: ReadonlySet<string> = new Set([ServerStopping, 'too_many_connections']);

export const isNotReady = (code: string): boolean => notReady.has(code);
export const isElsewhere = (code: string): boolean => elsewhere.has(code);

/** A refusal stands in a hub's error as `HubException: code: detail`. */
export function refusalIn(error: Error): Refused | undefined {
  const found = /HubException: ([a-z0-9_]+): (.*)$/s.exec(error.message);
  return found?.[1] === undefined ? undefined : new Refused(found[1], found[2] ?? '');
}
