/** Rows above and below the visible ones that are drawn too, so that a quick scroll meets no blank. */
const Beyond = 10;

/** The rows of equal height that a scrolled window shows. */
export function visibleRows(
  count: number,
  rowPx: number,
  scrollPx: number,
  heightPx: number,
): { readonly first: number; readonly end: number } {
  const top = Math.floor(Math.max(0, scrollPx) / rowPx);
  const first = Math.max(0, Math.min(top, count) - Beyond);
  return { first, end: Math.min(count, top + Math.ceil(heightPx / rowPx) + Beyond) };
}
