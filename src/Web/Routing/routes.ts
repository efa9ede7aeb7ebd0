import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  { path: '/register', load: () => import('../Accounts/Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('../Accounts/SignIn.svelte'), open: true, bare: true },
  { path: '/log', load: () => import('../Replay/Log/Log.svelte'), section: 'log' },
];
