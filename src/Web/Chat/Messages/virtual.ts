/** Where each row is: `tops[i]` is the top of row i, and the last entry the end of all. */
export interface Layout {
  readonly keys: readonly string[];
  readonly tops: readonly number[];
}

/** A row, and how far its top is below the top of what is seen; negative when it begins above. */
export interface Anchor {
  readonly key: string;
  readonly offset: number;
}

export function layout(keys: readonly string[], heightOf: (key: string) => number): Layout {
  const tops = [0];
  for (const key of keys) tops.push((tops.at(-1) ?? 0) + heightOf(key));
  return { keys, tops };
}

export const heightOf = ({ tops }: Layout): number => tops.at(-1) ?? 0;

/** The last row whose top is at or above a place. */
export function rowAt({ tops, keys }: Layout, y: number): number {
  let low = 0;
  let high = Math.max(0, keys.length - 1);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The rows from `from` to before `to` that are seen, or within `overscan` of it. */
export function seen(of: Layout, top: number, height: number, overscan: number): { from: number; to: number } {
  if (of.keys.length === 0) return { from: 0, to: 0 };
  return { from: rowAt(of, top - overscan), to: rowAt(of, top + height + overscan) + 1 };
}

/**
 * The row that stays where it is when rows above it change: the first wholly seen one that may be held, but not the
 * first such of all when there is another, as what is put before it may change its heading.
 */
export function anchorIn(of: Layout, top: number, mayHold: (key: string) => boolean): Anchor | undefined {
  let fallback: Anchor | undefined;
  const first = of.keys.findIndex(mayHold);
  for (let i = rowAt(of, top); i < of.keys.length; i++) {
    const key = of.keys[i] ?? '';
    const offset = (of.tops[i] ?? 0) - top;
    if (!mayHold(key)) continue;
    if (offset >= 0 && i !== first) return { key, offset };
    fallback ??= { key, offset };
  }
  return fallback;
}

/** Where to scroll so that the anchor is where it was; undefined when its row is gone. */
export function topFor(of: Layout, { key, offset }: Anchor): number | undefined {
  const at = of.keys.indexOf(key);
  return at < 0 ? undefined : (of.tops[at] ?? 0) - offset;
}
