import type { components } from '@veza/client';
import type { QueuedTrack } from '../Listening/queue';

type Summary = components['schemas']['TrackSummaryView'];

/** A track of any list, as the queue keeps it. */
export const queued = ({ id, title, owner, durationMs }: Summary): QueuedTrack => ({
  id,
  title,
  ownerId: owner.id,
  ownerName: owner.userName,
  durationMs,
});
