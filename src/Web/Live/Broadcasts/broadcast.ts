import { isKnown, type components, type Item } from '@veza/client';

export type Broadcast = components['schemas']['BroadcastView'];
export type Status = Broadcast['status'];

/** The broadcast after an item of its topic. */
export function applied(broadcast: Broadcast, item: Item): Broadcast {
  if (!isKnown(item) || !('broadcastId' in item.data) || item.data.broadcastId !== broadcast.id) return broadcast;
  switch (item.type) {
    case 'broadcastStarted':
      return { ...broadcast, status: 'live', startedAt: item.at };
    case 'broadcastInterrupted':
      return { ...broadcast, status: 'interrupted' };
    case 'broadcastResumed':
      return { ...broadcast, status: 'live' };
    case 'broadcastEnded':
      return { ...broadcast, status: 'ended', endedAt: item.at };
    default:
      return broadcast;
  }
}

/** Those on the air after an item. A broadcast that has ended leaves; one that begins is not known here yet. */
export function stillLive(broadcasts: readonly Broadcast[], item: Item): readonly Broadcast[] {
  return broadcasts.map(broadcast => applied(broadcast, item)).filter(broadcast => broadcast.status !== 'ended');
}

/** The item says that a broadcast has begun which the list does not have: the list must be read again. */
export function beginsUnknown(broadcasts: readonly Broadcast[], item: Item): boolean {
  if (!isKnown(item) || item.type !== 'broadcastStarted') return false;
  const { broadcastId } = item.data;
  return !broadcasts.some(broadcast => broadcast.id === broadcastId);
}
