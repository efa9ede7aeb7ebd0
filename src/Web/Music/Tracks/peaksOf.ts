import { Problem } from '@veza/client';
import { api } from '../../Http/api';
import type { Peaks } from './peaks';

/** 10 KB each. */
const KeptMax = 64;

const kept = new Map<string, Promise<Peaks | undefined>>();

async function read(trackId: string): Promise<Peaks | undefined> {
  try {
    return await api.get('/api/v1/tracks/{trackId}/waveform', { path: { trackId } });
  } catch (error) {
    kept.delete(trackId);
    // An older track has none, and one in processing has none yet.
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

/** A track's waveform, read once; undefined for a track without. */
export function peaksOf(trackId: string): Promise<Peaks | undefined> {
  const found = kept.get(trackId);
  if (found !== undefined) return found;
  const [oldest] = kept.keys();
  if (kept.size >= KeptMax && oldest !== undefined) kept.delete(oldest);
  const reading = read(trackId);
  kept.set(trackId, reading);
  return reading;
}
