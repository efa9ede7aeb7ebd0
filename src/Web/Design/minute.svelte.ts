import { createSubscriber } from 'svelte/reactivity';

const MinuteMs = 60_000;

const subscribe = createSubscriber(update => {
  const timer = setInterval(update, MinuteMs);
  return () => clearInterval(timer);
});

/** The present time; what shows it is drawn again each minute, by one timer for the whole page. */
export function everyMinute(): number {
  subscribe();
  return Date.now();
}
