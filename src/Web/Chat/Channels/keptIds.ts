/** Ids that are kept on this device; the oldest are dropped beyond. */
export const IdsMax = 500;

/** The ids with one of them, or without it; the newest last. */
export function withId(ids: readonly string[], id: string, on: boolean): readonly string[] {
  const others = ids.filter(one => one !== id);
  return on ? [...others, id].slice(-IdsMax) : others;
}

/** The ids of a stored text; none of what is not a list of them. */
export function idsOf(text: string | null): readonly string[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(id => typeof id === 'string') : [];
  } catch {
    return [];
  }
}
