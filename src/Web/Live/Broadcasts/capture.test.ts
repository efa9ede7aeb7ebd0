import { expect, it } from 'vitest';
import { faultOf, recordableType } from './capture';

const named = (name: string): Error => Object.assign(new Error(), { name });

it.each([
  ['NotAllowedError', 'denied'],
  ['SecurityError', 'denied'],
  ['NotFoundError', 'noDevice'],
  ['OverconstrainedError', 'noDevice'],
  ['NotReadableError', 'busy'],
  ['TypeError', 'unsupported'],
])('%s is explained as %s', (name, fault) => {
  expect(faultOf(named(name))).toBe(fault);
});

it('finds nothing to record where the browser has no recorder', () => {
  expect(recordableType()).toBeUndefined();
});
