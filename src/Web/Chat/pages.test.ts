import { describe, expect, it } from 'vitest';
import { allOf } from './pages';

const row = (position: number): { position: number } => ({ position });
const next = (after: number): string => `/api/v1/things?after=${after}&limit=100`;

describe('the rows of all pages', () => {
  it('are read up to the last one, also over a page that leaves out all of its rows', async () => {
    const asked: number[] = [];
    const pages = [
      { items: [row(1), row(2)], next: next(2) },
      { items: [], next: next(4) },
      { items: [row(5)], next: null },
    ];
    const rows = await allOf(10, after => {
      asked.push(after);
      return Promise.resolve(pages[asked.length - 1]!);
    });
    expect(asked).toEqual([0, 2, 4]);
    expect(rows.map(({ position }) => position)).toEqual([1, 2, 5]);
  });

  it('are no more than the bound', async () => {
    const rows = await allOf(3, after =>
      Promise.resolve({ items: [row(after + 1), row(after + 2)], next: next(after + 2) }),
    );
    expect(rows).toHaveLength(3);
  });
});
