import { Topics } from '@veza/client';
import { follow, leave } from '../Live/live';
import { session } from './session.svelte';

/** A server that closes stream after stream although the session goes on is at fault; its screens say so then. */
const RoundsMax = 3;

/**
 * Learns at once that the session was ended elsewhere, in every tab: the server closes the account's topic then, and
 * the refresh token is no longer good.
 */
export async function watchSession(accountId: string, signal: AbortSignal): Promise<void> {
  for (let round = 1; round <= RoundsMax; round++) {
    let closed = false;
    await follow([Topics.account(accountId)], { signal }, update => (closed ||= update.kind === 'closed')).catch(
      () => (closed = true),
    );
    if (signal.aborted) return;
    if (!closed) continue;
    const goesOn = await session.renew(session.current?.accessToken).catch(() => false);
    if (signal.aborted || !goesOn) return;
    // The connection was that of an earlier session.
    leave();
  }
}
