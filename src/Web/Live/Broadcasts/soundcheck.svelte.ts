import { Capture, microphones } from './capture';

export type SourceKind = 'microphone' | 'display';

/** What a person sets before going on the air: a source, its device and its level. */
export class Soundcheck {
  kind: SourceKind | undefined = $state();
  capture: Capture | undefined = $state.raw();
  devices: readonly MediaDeviceInfo[] = $state.raw([]);
  deviceId: string | undefined = $state();
  echoCancellation: boolean = $state(false);
  noiseSuppression: boolean = $state(false);
  volume: number = $state(1);
  readonly #onended: () => void;
  #tries = 0;
  #owns = true;

  /** @param onended called when the device of a capture that was handed over is gone */
  constructor(onended: () => void) {
    this.#onended = onended;
  }

  /**
   * Asks the browser for the source, in place of the one before.
   * @throws CaptureError
   */
  async open(kind: SourceKind): Promise<void> {
    this.release();
    const attempt = ++this.#tries;
    const opened = await this.#ask(kind, attempt);
    if (attempt !== this.#tries) return opened.release();
    opened.volume = this.volume;
    this.kind = kind;
    this.capture = opened;
    if (kind === 'display') return;
    this.deviceId = opened.deviceId;
    this.devices = await microphones();
  }

  /** Asks again with other wishes. A microphone's settings cannot be changed while it is open. */
  async reopen(): Promise<void> {
    if (this.kind !== undefined) await this.open(this.kind);
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.capture) this.capture.volume = volume;
  }

  /** The capture has another owner now, and is still shown. */
  handOver(): void {
    this.#owns = false;
  }

  /** The other owner could not begin. */
  takeBack(): void {
    this.#owns = true;
  }

  release(): void {
    this.#tries++;
    if (this.#owns) this.capture?.release();
    this.capture = undefined;
    this.kind = undefined;
  }

  #ask(kind: SourceKind, attempt: number): Promise<Capture> {
    const ended = (): void => {
      // Before the broadcast, the source is simply no longer chosen.
      if (!this.#owns) this.#onended();
      else if (attempt === this.#tries) this.release();
    };
    if (kind === 'display') return Capture.display(ended);
    const { deviceId, echoCancellation, noiseSuppression } = this;
    return Capture.microphone({ deviceId, echoCancellation, noiseSuppression }, ended);
  }
}
