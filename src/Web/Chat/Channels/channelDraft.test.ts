import { expect, it } from 'vitest';
import { bodyOf, draftOf, isSame, NewDraft } from './channelDraft';

const body = { name: 'hall', topic: null, slowModeSeconds: 30, nsfw: true };

it('the fields of a channel hold its settings', () => {
  expect(bodyOf(draftOf(body))).toEqual(body);
  expect(bodyOf({ ...NewDraft, name: ' new ', topic: ' ' })).toEqual({
    name: 'new',
    topic: null,
    slowModeSeconds: 0,
    nsfw: false,
  });
});

it('a channel is changed when any of its settings is', () => {
  expect(isSame(body, bodyOf(draftOf(body)))).toBe(true);
  expect(isSame(body, { ...body, topic: 'All' })).toBe(false);
  expect(isSame(body, { ...body, nsfw: false })).toBe(false);
});
