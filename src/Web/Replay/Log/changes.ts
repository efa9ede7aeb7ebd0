/** A value that differs between two answers. */
export interface Change {
  /** Where it is: `reactions.0.count`. */
  readonly path: string;
  /** Undefined where there was none. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Items of a page are compared by their id, so that one new item is one change. */
const idOf = (item: unknown): string | undefined => {
  if (typeof item !== 'object' || item === null) return undefined;
  for (const name of ['id', 'messageId', 'playId', 'position', 'emoji', 'rank'])
    if (name in item) {
      const id = (item as Record<string, unknown>)[name];
      if (typeof id === 'string' || typeof id === 'number') return String(id);
    }
  return undefined;
};

function entriesOf(value: object): Map<string, unknown> {
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const named = value.map((item, i) => [idOf(item) ?? String(i), item] as const);
  // Items without ids of their own are compared by their place.
  return new Set(named.map(([name]) => name)).size === named.length
    ? new Map(named)
    : new Map(value.map((item, i) => [String(i), item]));
}

const isComposed = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The changes from one answer to another. An object that came or went is one change. */
export function changesOf(before: unknown, after: unknown, path = ''): Change[] {
  if (!isComposed(before) || !isComposed(after) || Array.isArray(before) !== Array.isArray(after))
    return Object.is(before, after) ? [] : [{ path, before, after }];
  const [old, young] = [entriesOf(before), entriesOf(after)];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap(name =>
    changesOf(old.get(name), young.get(name), path === '' ? name : `${path}.${name}`),
  );
}

/** A value in one line, for people. */
export function inWords(value: unknown): string {
  if (value === undefined) return '—';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
