/** One thing sounds at a time: what begins to sound pauses what sounded before, such as the music player. */
let present: (() => void) | undefined;

/**
 * Call it when a sound begins.
 * @param pause called when another sound begins; it must not call `takeSound`
 * @returns call it when the sound has ended by itself or was paused
 */
export function takeSound(pause: () => void): () => void {
  if (present !== pause) present?.();
  present = pause;
  return () => {
    if (present === pause) present = undefined;
  };
}
