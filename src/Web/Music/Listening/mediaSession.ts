import type { QueuedTrack } from './queue';
import { player } from './player.svelte';

/** Lets headphones, locked screens and keyboards with media keys steer the player. */
export function offerControls(): void {
  if (!('mediaSession' in navigator)) return;
  const on = (action: MediaSessionAction, act: MediaSessionActionHandler): void => {
    try {
      navigator.mediaSession.setActionHandler(action, act);
    } catch {
      // This browser does not know the action.
    }
  };
  on('play', () => player.resume());
  on('pause', () => player.pause());
  on('previoustrack', () => player.previous());
  on('nexttrack', () => player.next());
  on('seekto', ({ seekTime }) => seekTime !== undefined && player.seek(seekTime * 1000));
}

/** Says to the system what plays. */
export function announce(track: QueuedTrack | undefined, playing: boolean): void {
  if (!('mediaSession' in navigator)) return;
  const { mediaSession } = navigator;
  mediaSession.metadata =
    track === undefined ? null : new MediaMetadata({ title: track.title, artist: track.ownerName, album: 'Veza' });
  const state = playing ? 'playing' : 'paused';
  mediaSession.playbackState = track === undefined ? 'none' : state;
}
