import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isKnown, knownTypes, type Item } from '../src/index.js';

/**
 * Every event type has a frozen sample there. When it runs, this file is
 * `clients/typescript/dist/tests/items.test.js`.
 */
const samples = readdirSync(new URL('../../../../tests/Domain.Tests/Samples', import.meta.url));

test('every known item is of an event that exists', () => {
  const names = samples.map(file => file.replace(/\.v\d+\.json$/, ''));
  const events = new Set(names.map(name => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())));
  assert.deepEqual(
    knownTypes.filter(type => !events.has(type)),
    [],
  );
});

test('a type from a newer server is an item, but not a known one', () => {
  const item: Item = { position: 1, type: 'somethingNew', topics: [], at: '2026-01-01T00:00:00Z', by: null, data: {} };
  assert.equal(isKnown(item), false);
  assert.equal(isKnown({ ...item, type: 'messageSent' }), true);
});
