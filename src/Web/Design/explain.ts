import { Problem, Unreachable } from '@veza/client';
import { words } from './words';

/** What a person can read about a failed call. The server's own detail names the field, the value and the limit. */
export function explain(error: unknown): string {
  if (!navigator.onLine) return words().offline;
  if (error instanceof TypeError || (error instanceof Problem && error.code === Unreachable))
    return words().serverAway;
  if (error instanceof Problem) return error.detail || error.code;
  return error instanceof Error ? error.message : String(error);
}

/** The message of one field, of a refused form. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof Problem ? error.errors[field]?.join(' ') : undefined;
}
