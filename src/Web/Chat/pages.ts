interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** The rows of all pages of a list, up to a bound. */
export async function allOf<Row>(
  max: number,
  read: (after: number) => Promise<Page<Row>>,
): Promise<Row[]> {
  const rows: Row[] = [];
  let after = 0;
  while (rows.length < max) {
    const { items, next } = await read(after);
    rows.push(...items);
    if (next === null) break;
    // A page may leave out rows, even all of them, that this person does not see.
    after = Number(new URLSearchParams(next.slice(next.indexOf('?'))).get('after'));
  }
  return rows.slice(0, max);
}
