import type { Route } from '../Routing/router.svelte';

export const accountRoutes: readonly Route[] = [
  { path: '/register', load: () => import('./Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('./SignIn.svelte'), open: true, bare: true },
  { path: '/password-reset', load: () => import('./ForgotPassword.svelte'), open: true, bare: true },
  // These two paths stand in mails, with a token behind the #.
  { path: '/reset-password', load: () => import('./ResetPassword.svelte'), open: true, bare: true },
  { path: '/prove-email', load: () => import('./ProveEmail.svelte'), open: true, bare: true },
  { path: '/settings', load: () => import('./Settings/Profile.svelte') },
  { path: '/settings/appearance', load: () => import('./Settings/Appearance.svelte') },
  { path: '/settings/sessions', load: () => import('./Settings/Sessions.svelte') },
  { path: '/settings/two-factor', load: () => import('./Settings/TwoFactor.svelte') },
  { path: '/settings/activity', load: () => import('./Settings/Activity.svelte') },
  { path: '/settings/api-keys', load: () => import('./Settings/ApiKeys.svelte') },
  { path: '/settings/data', load: () => import('./Settings/YourData.svelte') },
];
