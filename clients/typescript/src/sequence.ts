import type { Batch } from './messages.js';

/** A subscription's position. Undefined before the first batch of a subscription that began at the head. */
export interface Place {
  readonly epoch: string | undefined;
  readonly position: number | undefined;
}

/**
 * Checks that a batch follows the subscription's position. Only such batches reach the caller, so no fault of network,
 * server or client can lose or repeat an item.
 * @returns undefined when it follows, else the reason
 */
export function breakIn(place: Place, batch: Batch): string | undefined {
  const { epoch, position } = place;
  if (epoch !== undefined && batch.epoch !== epoch) return `a batch of epoch ${batch.epoch} came in epoch ${epoch}`;
  if (position !== undefined && batch.previous > position)
    return `items between ${position} and ${batch.previous} are missing`;
  if (position !== undefined && batch.previous < position)
    return `a batch begins again after ${batch.previous}, and ${position} was reached`;
  if (batch.position < batch.previous) return `a batch goes back from ${batch.previous} to ${batch.position}`;
  let last = batch.previous;
  for (const { position } of batch.items) {
    if (position <= last) return `item ${position} came after ${last}`;
    last = position;
  }
  return last > batch.position ? `item ${last} lies beyond its batch's position ${batch.position}` : undefined;
}
