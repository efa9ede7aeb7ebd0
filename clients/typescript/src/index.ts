export { Ended, LiveClient, type LiveOptions, type SubscribeOptions } from './client.js';
export { FirstWaitMs, LongestWaitMs, MoveWithinMs } from './backoff.js';
export type { Clock } from './clock.js';
export type { Connect, Hub, StreamObserver } from './hub.js';
export { isKnown, knownTypes, type Id, type Item, type ItemData, type KnownItem } from './items.js';
export type { AccessToken } from './link.js';
export {
  OutOfPatience,
  Refused,
  type Batch,
  type Closed,
  type EpochChanged,
  type FellBehind,
  type Interrupted,
  type Level,
  type TopicsClosed,
  type Update,
} from './messages.js';
export type { Transport } from './signalr.js';
export { Topics, type Topic } from './topics.js';
