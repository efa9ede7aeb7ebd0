import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  { path: '/register', load: () => import('../Accounts/Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('../Accounts/SignIn.svelte'), open: true, bare: true },
  { path: '/live', load: () => import('../Live/Broadcasts/Live.svelte'), section: 'live' },
  { path: '/live/new', load: () => import('../Live/Broadcasts/GoLive.svelte'), section: 'live' },
  { path: '/live/:broadcastId', load: () => import('../Live/Broadcasts/Listen.svelte'), section: 'live' },
  { path: '/password-reset', load: () => import('../Accounts/ForgotPassword.svelte'), open: true, bare: true },
  // These two paths stand in mails, with a token behind the #.
  { path: '/reset-password', load: () => import('../Accounts/ResetPassword.svelte'), open: true, bare: true },
  { path: '/prove-email', load: () => import('../Accounts/ProveEmail.svelte'), open: true, bare: true },
  { path: '/settings', load: () => import('../Accounts/Settings/Profile.svelte') },
  { path: '/settings/appearance', load: () => import('../Accounts/Settings/Appearance.svelte') },
  { path: '/settings/sessions', load: () => import('../Accounts/Settings/Sessions.svelte') },
  { path: '/settings/two-factor', load: () => import('../Accounts/Settings/TwoFactor.svelte') },
  { path: '/settings/activity', load: () => import('../Accounts/Settings/Activity.svelte') },
  { path: '/settings/api-keys', load: () => import('../Accounts/Settings/ApiKeys.svelte') },
  { path: '/settings/data', load: () => import('../Accounts/Settings/YourData.svelte') },
];
