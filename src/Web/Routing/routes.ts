import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  { path: '/register', load: () => import('../Accounts/Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('../Accounts/SignIn.svelte'), open: true, bare: true },
  { path: '/live', load: () => import('../Live/Broadcasts/Live.svelte'), section: 'live' },
  { path: '/live/new', load: () => import('../Live/Broadcasts/GoLive.svelte'), section: 'live' },
  { path: '/live/:broadcastId', load: () => import('../Live/Broadcasts/Listen.svelte'), section: 'live' },
];
