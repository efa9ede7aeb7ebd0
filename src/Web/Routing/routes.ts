import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  { path: '/register', load: () => import('../Accounts/Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('../Accounts/SignIn.svelte'), open: true, bare: true },
  { path: '/communities', load: () => import('../Chat/Communities/Communities.svelte'), section: 'chat' },
  { path: '/communities/:communityId', load: () => import('../Chat/Communities/Community.svelte'), section: 'chat' },
  {
    path: '/communities/:communityId/channels/:channelId',
    load: () => import('../Chat/Channels/ChannelScreen.svelte'),
    section: 'chat',
  },
];
