/** Only one thing of the page makes sound at a time, in all its tabs. */
export interface Sounding {
  /** Called when something else begins to sound. */
  stop(): void;
}

const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('veza.sound');
let present: Sounding | undefined;

channel?.addEventListener('message', () => {
  present?.stop();
  present = undefined;
});

/** Called when something begins to sound: it stops what sounds elsewhere. */
export function takeSound(sounding: Sounding): void {
  if (present !== sounding) present?.stop();
  present = sounding;
  channel?.postMessage('taken');
}

export function leaveSound(sounding: Sounding): void {
  if (present === sounding) present = undefined;
}
