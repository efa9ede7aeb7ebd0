import type { Batch } from './messages.js';

/** Where a subscription is. Undefined until the first batch, when it began at the head. */
export interface Place {
  readonly epoch: string | undefined;
  readonly position: number | undefined;
}

/**
 * What is wrong with a batch as the next one after a place; undefined when it follows. Only what follows is handed out, so that neither a
 * lost nor a repeated item can get past here, whatever the network, the server or this client did wrong.
 */
export function breakIn(place: Place, batch: Batch): string | undefined {
  if (place.epoch !== undefined && batch.epoch !== place.epoch) return `a batch of epoch ${batch.epoch} came in epoch ${place.epoch}`;
  if (place.position !== undefined && batch.previous > place.position) return `what lies between ${place.position} and ${batch.previous} is missing`;
  if (place.position !== undefined && batch.previous < place.position) return `a batch begins again after ${batch.previous}, and ${place.position} was reached`;
  if (batch.position < batch.previous) return `a batch goes back from ${batch.previous} to ${batch.position}`;
  let last = batch.previous;
  for (const { position } of batch.items) {
    if (position <= last) return `item ${position} came after ${last}`;
    last = position;
  }
  return last > batch.position ? `item ${last} lies beyond its batch's position ${batch.position}` : undefined;
}
