import { describe, expect, it } from 'vitest';
import {
  All,
  bits,
  choiceOf,
  has,
  isNeutral,
  isOffered,
  Neutral,
  None,
  offered,
  offeredInChannel,
  permissionsOf,
  textOf,
  withChoice,
  withoutRoles,
  withPermission,
} from './permissions';

describe('permissions', () => {
  it('have the bits of Discord, also those above 32', () => {
    expect(bits.ViewChannel).toBe(1_024n);
    expect(bits.ManageRoles).toBe(268_435_456n);
    expect(bits.ModerateMembers).toBe(1_099_511_627_776n);
    expect(bits.BypassSlowMode).toBe(4_503_599_627_370_496n);
  });

  it('are all bits in use, without 47', () => {
    expect(textOf(All)).toBe('8866461766385663');
    expect(All & (1n << 47n)).toBe(None);
    for (const name of offered) expect(has(All, name)).toBe(true);
  });

  it('come from a text and go into one without a loss', () => {
    for (const text of ['0', '3072', '4503599627370496', '8866461766385663'])
      expect(textOf(permissionsOf(text))).toBe(text);
  });

  it('are none in what is no number', () => {
    for (const text of ['', '-1', '1.5', '0x400', 'all', ' 1']) expect(permissionsOf(text)).toBe(None);
  });

  it('change one by one, and keep the bits that are not offered', () => {
    const stream = 1n << 9n;
    const more = withPermission(stream, 'SendMessages', true);
    expect(more).toBe(stream | bits.SendMessages);
    expect(withPermission(more, 'SendMessages', true)).toBe(more);
    expect(withPermission(more, 'SendMessages', false)).toBe(stream);
    expect(withPermission(stream, 'SendMessages', false)).toBe(stream);
  });

  it('are offered once each', () => {
    expect([...offered].sort()).toEqual(Object.keys(bits).sort());
    expect(offeredInChannel.every(name => offered.includes(name))).toBe(true);
    expect(isOffered('SendMessages')).toBe(true);
    expect(isOffered('Stream')).toBe(false);
    expect(isOffered('toString')).toBe(false);
  });
});

describe('what a channel says about a permission', () => {
  it('is one of three', () => {
    const allowed = withChoice(Neutral, 'SendMessages', 'allow');
    expect(allowed).toEqual({ allow: bits.SendMessages, deny: None });
    const denied = withChoice(allowed, 'SendMessages', 'deny');
    expect(denied).toEqual({ allow: None, deny: bits.SendMessages });
    expect([allowed, denied, Neutral].map(one => choiceOf(one, 'SendMessages'))).toEqual(['allow', 'deny', 'neutral']);
    expect(isNeutral(withChoice(denied, 'SendMessages', 'neutral'))).toBe(true);
  });

  it('leaves the other permissions as they are', () => {
    const overwrite = { allow: 1n << 9n, deny: bits.AddReactions };
    expect(withChoice(withChoice(overwrite, 'ManageRoles', 'allow'), 'ManageRoles', 'neutral')).toEqual(overwrite);
    expect(isNeutral(overwrite)).toBe(false);
  });
});

describe('a server without roles', () => {
  it('lets the owner do everything', () => {
    expect(withoutRoles(true)).toBe(All);
    expect(withoutRoles(true, 'announcement')).toBe(All);
  });

  it('lets all others read and react, and write where it is no announcement', () => {
    expect(has(withoutRoles(false, 'text'), 'SendMessages')).toBe(true);
    expect(has(withoutRoles(false, 'announcement'), 'SendMessages')).toBe(false);
    expect(has(withoutRoles(false, 'announcement'), 'AddReactions')).toBe(true);
    expect(has(withoutRoles(false), 'KickMembers')).toBe(false);
  });
});
