import { isKnown, Topics, type components, type Item } from '@veza/client';
import { session } from '../../Accounts/session.svelte';
import { api } from '../../Http/api';
import type { Shape } from '../../Live/resource.svelte';

export type HistoryEntry = components['schemas']['HistoryEntryView'];

export interface History {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  readonly more: boolean;
  /** A counted play that is not in the list yet. */
  readonly missing: number;
}

const PageMax = 50;

export async function readHistory(
  how: { asOf: string | null; before?: number | undefined; after?: number | undefined },
  signal: AbortSignal,
) {
  const { asOf, before, after } = how;
  const query = { limit: PageMax, ...(asOf && { asOf }), ...(before !== undefined && { before }) };
  return await api.getWithPosition('/api/v1/history', { query, signal, ...(after !== undefined && { after }) });
}

/** Entries of both, each once, newest first. The later reading of an entry counts. */
export function merged(state: History, read: readonly HistoryEntry[], more: boolean): History {
  const all = new Map(state.entries.map(entry => [entry.playId, entry]));
  for (const entry of read) all.set(entry.playId, entry);
  return { entries: [...all.values()].sort((a, b) => b.position - a.position), more, missing: 0 };
}

/**
 * On the account's topic only its own plays appear. A counted play marks its entry. One that is not in the list must be
 * read.
 */
export function applyToHistory(state: History, item: Item): History {
  if (!isKnown(item) || item.type !== 'playCounted') return state;
  const { playId } = item.data;
  if (!state.entries.some(entry => entry.playId === playId)) return { ...state, missing: item.position };
  const entries = state.entries.map(entry => (entry.playId === playId ? { ...entry, counted: true } : entry));
  return { ...state, entries };
}

export const historyShape = (asOf: string | null): Shape<History> => ({
  async read(signal) {
    const { body, position, epoch } = await readHistory({ asOf }, signal);
    const state = { entries: body.items, more: body.next !== null, missing: 0 };
    return { state, position: asOf === null ? position : undefined, epoch };
  },
  topics: () => [Topics.account(session.me)],
  apply: applyToHistory,
});
