import { takeSound } from '../../Shell/soundFocus';

const FirstWaitMs = 500;
const LongestWaitMs = 8_000;
/** After a longer wait the browser would go on with what is old by now, and stay that late. */
const LateAfterMs = 8_000;
const VolumeKey = 'veza.broadcast-volume';

/** One listener: an audio element that is at the present of a broadcast, or silent. It never plays the past. */
export class Listening {
  /** Wanted and not heard is buffering. */
  state: 'silent' | 'buffering' | 'playing' = $state('silent');
  /** The browser waits for a press before it plays sound. */
  blocked: boolean = $state(false);
  volume: number = $state(keptVolume());
  readonly #url: string;
  #audio: HTMLAudioElement | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #waitsSinceMs: number | undefined;
  #release: (() => void) | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** For `{@attach}`; what plays ends with the element. */
  attach = (audio: HTMLAudioElement): (() => void) => {
    this.#audio = audio;
    audio.volume = this.volume;
    const on = { playing: () => this.#plays(), waiting: () => this.#waits(), error: () => this.#fails() };
    const all = { ...on, ended: on.error };
    for (const [name, act] of Object.entries(all)) audio.addEventListener(name, act);
    return () => {
      this.stop();
      for (const [name, act] of Object.entries(all)) audio.removeEventListener(name, act);
      this.#audio = undefined;
    };
  };

  /** Joins the broadcast at its present. */
  start(): void {
    const audio = this.#audio;
    if (audio === undefined) return;
    clearTimeout(this.#retry);
    this.state = 'buffering';
    this.#waitsSinceMs = undefined;
    this.blocked = false;
    this.#release = takeSound(this.#pause);
    audio.src = this.#url;
    audio.play().catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'NotAllowedError') return;
      this.stop();
      this.blocked = true;
    });
  }

  /** Leaves the broadcast, so that the server sends nothing more. */
  stop(): void {
    this.#pause();
    this.#release?.();
    this.#release = undefined;
  }

  /** Joins anew, when sound should come and does not. */
  rejoin(): void {
    if (this.state !== 'silent') this.start();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.#audio) this.#audio.volume = volume;
    try {
      localStorage.setItem(VolumeKey, String(volume));
    } catch {
      // Without storage it holds until the page closes.
    }
  }

  readonly #pause = (): void => {
    clearTimeout(this.#retry);
    this.#failures = 0;
    this.state = 'silent';
    this.#audio?.pause();
    this.#audio?.removeAttribute('src');
    this.#audio?.load();
  };

  #plays(): void {
    this.#failures = 0;
    if (this.state === 'silent') return;
    if (this.#waitsSinceMs !== undefined && Date.now() - this.#waitsSinceMs > LateAfterMs) return this.start();
    this.#waitsSinceMs = undefined;
    this.state = 'playing';
  }

  #waits(): void {
    if (this.state !== 'playing') return;
    this.state = 'buffering';
    this.#waitsSinceMs = Date.now();
  }

  /** The connection broke, or the stream ended: it is joined again while the person wants it. */
  #fails(): void {
    if (this.state === 'silent') return;
    this.state = 'buffering';
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.rejoin(), Math.min(LongestWaitMs, FirstWaitMs * 2 ** this.#failures++));
  }
}

function keptVolume(): number {
  try {
    const kept = Number(localStorage.getItem(VolumeKey) ?? 1);
    return kept >= 0 && kept <= 1 ? kept : 1;
  } catch {
    return 1;
  }
}
