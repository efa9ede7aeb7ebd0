import { expect, it } from 'vitest';
import document from '../../../../clients/typescript/openapi.json';
import { resources, scopes } from './scopes';

it('lists the scopes that the API grants', () => {
  const described = document.paths['/api/v1/api-keys'].post.description;
  const granted = [...described.matchAll(/`(\w+:\w+)`/g)].map(([, scope]) => scope).sort();
  expect(resources.flatMap(resource => scopes[resource].map(right => `${resource}:${right}`)).sort()).toEqual(granted);
});
