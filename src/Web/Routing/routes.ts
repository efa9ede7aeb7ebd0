import { accountRoutes } from '../Accounts/routes';
import type { Route } from './router.svelte';

/** Every screen. Each is loaded when it is first opened. */
export const routes: readonly Route[] = [
  { path: '/', load: () => import('../Shell/Start.svelte'), section: 'home' },
  { path: '/register', load: () => import('../Accounts/Register.svelte'), open: true, bare: true },
  { path: '/sign-in', load: () => import('../Accounts/SignIn.svelte'), open: true, bare: true },
  { path: '/log', load: () => import('../Replay/Log/Log.svelte'), section: 'log' },
  ...accountRoutes,
  { path: '/live', load: () => import('../Live/Broadcasts/Live.svelte'), section: 'live' },
  { path: '/live/new', load: () => import('../Live/Broadcasts/GoLive.svelte'), section: 'live' },
  { path: '/live/:broadcastId', load: () => import('../Live/Broadcasts/Listen.svelte'), section: 'live' },
  { path: '/feed', load: () => import('../Social/Feed/Feed.svelte'), section: 'music' },
  { path: '/charts', load: () => import('../Music/Charts/Charts.svelte'), section: 'music' },
  { path: '/history', load: () => import('../Music/Listening/History.svelte'), section: 'music' },
  { path: '/upload', load: () => import('../Music/Tracks/Upload.svelte'), section: 'music' },
  { path: '/tracks/:trackId', load: () => import('../Music/Tracks/Track.svelte'), section: 'music' },
  { path: '/accounts/:accountId', load: () => import('../Social/Follows/Profile.svelte'), section: 'music' },
  { path: '/communities', load: () => import('../Chat/Communities/Communities.svelte'), section: 'chat' },
  { path: '/communities/:communityId', load: () => import('../Chat/Communities/Community.svelte'), section: 'chat' },
  {
    path: '/communities/:communityId/channels/:channelId',
    load: () => import('../Chat/Channels/ChannelScreen.svelte'),
    section: 'chat',
  },
];
