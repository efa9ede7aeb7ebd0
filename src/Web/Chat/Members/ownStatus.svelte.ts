import { setPresence } from '../../Live/live';

export type OwnStatus = 'online' | 'idle' | 'dnd' | 'invisible';
export const ownStatuses: readonly OwnStatus[] = ['online', 'idle', 'dnd', 'invisible'];

const Key = 'veza.status';
/** Without a sign of the person for so long, the page says that it is idle. */
const IdleAfterMs = 10 * 60_000;

function kept(): OwnStatus {
  try {
    return ownStatuses.find(one => one === localStorage.getItem(Key)) ?? 'online';
  } catch {
    return 'online';
  }
}

/** How others see this person, as chosen on this device. The frame starts it. */
class Own {
  chosen: OwnStatus = $state(kept());
  #idle = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  choose(status: OwnStatus): void {
    this.chosen = status;
    try {
      localStorage.setItem(Key, status);
    } catch {
      // Without storage it holds until the page closes.
    }
    this.#say();
  }

  start(): () => void {
    const ending = new AbortController();
    const active = (): void => this.#active();
    for (const type of ['pointerdown', 'keydown', 'visibilitychange'])
      addEventListener(type, active, { signal: ending.signal, passive: true });
    this.#idle = false;
    this.#say();
    this.#active();
    return () => {
      ending.abort();
      clearTimeout(this.#timer);
    };
  }

  #active(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#setIdle(true), IdleAfterMs);
    this.#setIdle(false);
  }

  #setIdle(idle: boolean): void {
    if (this.#idle === idle) return;
    this.#idle = idle;
    this.#say();
  }

  #say(): void {
    setPresence(this.#idle && this.chosen === 'online' ? 'idle' : this.chosen);
  }
}

export const own = new Own();
