import { player } from './player.svelte';

const SeekMs = 5_000;
const VolumeStep = 0.1;

/** Elements that use the keys themselves. */
const Busy = 'input, textarea, select, button, a, summary, dialog, [contenteditable], [role], [popover]';

/** Space, arrows and m steer the player where nothing else takes them. */
export function playerKeys(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || player.track === undefined) return;
  if (event.target instanceof Element && event.target.closest(Busy) !== null) return;
  const act = event.shiftKey ? shifted[event.key] : plain[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

const plain: Readonly<Record<string, () => void>> = {
  ' ': () => player.toggle(),
  ArrowLeft: () => player.seek(player.positionMs - SeekMs),
  ArrowRight: () => player.seek(player.positionMs + SeekMs),
  m: () => player.toggleMute(),
};

const shifted: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => player.previous(),
  ArrowRight: () => player.next(),
  ArrowUp: () => player.setVolume(player.volume + VolumeStep),
  ArrowDown: () => player.setVolume(player.volume - VolumeStep),
};
