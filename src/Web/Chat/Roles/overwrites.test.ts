import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applied, withOverwrite, type Overwrite } from './overwrites';
import { bits, None } from './permissions';
import { roleItemOf, type RoleItem } from './roleItems';

const item = (type: string, data: object): RoleItem =>
  roleItemOf({
    position: 1,
    type,
    topics: [],
    at: '',
    by: null,
    data: { channelId: 'general', communityId: 'x', ...data },
  } satisfies Item) ?? expect.fail(type);
const guest: Overwrite = { targetId: 'guest', target: 'role', allow: None, deny: bits.SendMessages };
const ann: Overwrite = { targetId: 'ann', target: 'member', allow: bits.ManageMessages, deny: None };

describe('the overwrites of a channel', () => {
  it('are set, each once', () => {
    const set = item('overwriteSet', { targetId: 'ann', target: 'member', allow: '8192', deny: '0' });
    expect([set, set].reduce<readonly Overwrite[]>((all, one) => applied(all, 'general', one), [guest])).toEqual([
      guest,
      ann,
    ]);
  });

  it('are replaced', () => {
    const set = item('overwriteSet', { targetId: 'guest', target: 'role', allow: '0', deny: '64' });
    expect(applied([guest, ann], 'general', set)).toEqual([{ ...guest, deny: bits.AddReactions }, ann]);
  });

  it('are removed', () =>
    expect(applied([guest, ann], 'general', item('overwriteRemoved', { targetId: 'guest' }))).toEqual([ann]));

  it('are removed when they say nothing any more', () =>
    expect(withOverwrite([guest, ann], { ...guest, deny: None })).toEqual([ann]));

  it('are those of this channel alone', () => {
    const all = [guest];
    expect(applied(all, 'other', item('overwriteRemoved', { targetId: 'guest' }))).toBe(all);
    expect(
      applied(all, 'other', item('overwriteSet', { targetId: 'ann', target: 'member', allow: '8192', deny: '0' })),
    ).toBe(all);
  });
});
