import { describe, expect, it } from 'vitest';
import { DraftsMax, withDraft, type Drafts } from './drafts';

describe('drafts', () => {
  it('are kept by channel, the last one written last', () => {
    const drafts = withDraft(withDraft(withDraft({}, 'a', 'one'), 'b', 'two'), 'a', 'three');
    expect(Object.entries(drafts)).toEqual([
      ['b', 'two'],
      ['a', 'three'],
    ]);
  });

  it('go when they are empty', () => expect(withDraft({ a: 'one' }, 'a', ' \n')).toEqual({}));

  it('are bounded', () => {
    const all = Array.from({ length: DraftsMax + 3 }, (_, i) => `c${i}`).reduce<Drafts>(
      (drafts, id) => withDraft(drafts, id, 'x'),
      {},
    );
    expect(Object.keys(all)).toHaveLength(DraftsMax);
    expect(all['c0']).toBeUndefined();
  });
});
