import { api } from '../../Http/api';

/** Renewed this long before it expires, so that a track that begins now can be fetched to its end. */
const RenewBeforeMs = 15 * 60_000;

let kept: { readonly token: string; readonly accountId: string; readonly goodUntil: number } | undefined;

/** A token for the address of an audio element, which cannot send a header. */
export async function mediaToken(accountId: string): Promise<string> {
  if (kept?.accountId === accountId && kept.goodUntil > Date.now()) return kept.token;
  const { token, expiresIn } = await api.post('/api/v1/media-tokens');
  kept = { token, accountId, goodUntil: Date.now() + expiresIn * 1000 - RenewBeforeMs };
  return token;
}

/** The server did not take it, as after a restart with other keys. */
export function dropMediaToken(): void {
  kept = undefined;
}
