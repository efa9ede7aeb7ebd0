import { Problem } from '@veza/client';
import { api } from '../../Http/api';
import type { Peaks } from './peaks';

/** 10 KB each. */
const KeptMax = 64;

const kept = new Map<string, Promise<Peaks | undefined>>();

async function read(trackId: string, after: number | undefined): Promise<Peaks | undefined> {
  try {
    const options = { path: { trackId }, ...(after !== undefined && { after }) };
    return await api.get('/api/v1/tracks/{trackId}/waveform', options);
  } catch (error) {
    kept.delete(trackId);
    // An older track has none, and one in processing has none yet.
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * A track's waveform, read once; undefined for a track without.
 * @param after the position at which the track became ready, if it is known: the read waits for it
 */
export function peaksOf(trackId: string, after?: number): Promise<Peaks | undefined> {
  const found = kept.get(trackId);
  if (found !== undefined) return found;
  const [oldest] = kept.keys();
  if (kept.size >= KeptMax && oldest !== undefined) kept.delete(oldest);
  const reading = read(trackId, after);
  kept.set(trackId, reading);
  return reading;
}
