import { accountRoutes } from '../Accounts/routes';
import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  ...accountRoutes,
  { path: '/live', load: () => import('../Live/Broadcasts/Live.svelte'), section: 'live' },
  { path: '/live/new', load: () => import('../Live/Broadcasts/GoLive.svelte'), section: 'live' },
  { path: '/live/:broadcastId', load: () => import('../Live/Broadcasts/Listen.svelte'), section: 'live' },
];
