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
  type ChartChanged,
  type ChartName,
  type ChartSpan,
  type ChartUpdate,
  type Closed,
  type EpochChanged,
  type FellBehind,
  type Interrupted,
  type Level,
  type PresenceChanged,
  type ShownStatus,
  type Status,
  type ChannelsChanged,
  type TopicsClosed,
  type Update,
  type Watching,
  type WatchUpdate,
} from './messages.js';
export type { Transport } from './signalr.js';
export { Topics, type Topic } from './topics.js';
export type { Answer, Arguments, Call, Method, Options, PathOf } from './operations.js';
export { Problem, Unreachable } from './problem.js';
export { AnswerWithinMs, AttemptsMax, RestClient, RetryAfterMaxS, type Positioned, type RestOptions } from './rest.js';
export type { components, paths } from './schema.js';
