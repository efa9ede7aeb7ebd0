import { describe, expect, it } from 'vitest';
import { IdsMax, idsOf, withId } from './keptIds';

describe('ids that are kept on the device', () => {
  it('are each there once, the newest last', () => {
    expect(withId(['a', 'b'], 'a', true)).toEqual(['b', 'a']);
    expect(withId(['a', 'b'], 'a', false)).toEqual(['b']);
  });

  it('drop the oldest beyond their number', () => {
    const many = Array.from({ length: IdsMax }, (_, i) => `${i}`);
    expect(withId(many, 'new', true)).toEqual([...many.slice(1), 'new']);
  });

  it('are none where something else is stored', () => {
    expect(idsOf(null)).toEqual([]);
    expect(idsOf('{')).toEqual([]);
    expect(idsOf('{"a":1}')).toEqual([]);
    expect(idsOf('["a",1]')).toEqual(['a']);
  });
});
