import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Route } from './router.svelte';

vi.stubGlobal('location', { href: 'http://veza.test/' });
vi.stubGlobal('addEventListener', () => undefined);

const load = () => Promise.reject(new Error('not loaded here'));
const routes: Route[] = [
  { path: '/', load },
  { path: '/live/new', load },
  { path: '/live/:broadcastId', load },
];

describe('match', () => {
  let match: typeof import('./router.svelte').match;
  beforeAll(async () => ({ match } = await import('./router.svelte')));

  it('takes the first route that fits', () => {
    expect(match(routes, '/live/new')?.route.path).toBe('/live/new');
    expect(match(routes, '/live/7')?.params).toEqual({ broadcastId: '7' });
  });

  it('ignores a slash at the end', () => {
    expect(match(routes, '/live/new/')?.route.path).toBe('/live/new');
    expect(match(routes, '/')?.route.path).toBe('/');
  });

  it('decodes parameters, and takes no malformed one', () => {
    expect(match(routes, '/live/a%20b')?.params).toEqual({ broadcastId: 'a b' });
    expect(match(routes, '/live/%E0%A4%A')).toBeUndefined();
  });

  it('finds nothing for an address there is no screen for', () => {
    expect(match(routes, '/live/7/more')).toBeUndefined();
  });
});
