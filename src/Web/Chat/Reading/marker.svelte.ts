import { api } from '../../Http/api';
import { mine } from '../Communities/mine.svelte';

/** The server moves a marker at most every 2 s. */
const EveryMs = 2_500;
/** What is scrolled past faster is not read. */
const SeenAfterMs = 600;

/** Moves this person's read marker of a channel to what was seen, in a tab that is looked at. */
export class Marker {
  #wanted = 0;
  #sent = 0;
  #after = 0;
  #lastAt = 0;
  #seenAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly channelId: string,
    upTo: number,
  ) {
    this.#sent = upTo;
  }

  /**
   * @param position of the newest message that is seen
   * @param after how many messages of others are known to come after it
   */
  seen(position: number, after: number): void {
    if (document.visibilityState !== 'visible' || position <= Math.max(this.#wanted, this.#sent)) return;
    this.#wanted = position;
    this.#after = after;
    this.#seenAt = Date.now();
    this.#schedule();
  }

  /** The channel is left. What was seen long enough still moves the marker, in its time. */
  end(): void {
    if (Date.now() - this.#seenAt < SeenAfterMs) clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(SeenAfterMs, this.#lastAt + EveryMs - Date.now());
    this.#timer = setTimeout(() => void this.#send(), waitMs);
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    this.#lastAt = Date.now();
    const upTo = this.#wanted;
    mine.read(this.channelId, upTo, this.#after);
    try {
      await api.put('/api/v1/channels/{channelId}/read', { path: { channelId: this.channelId }, body: { upTo } });
      this.#sent = upTo;
      if (this.#wanted > upTo) this.#schedule();
    } catch {
      // The next message that is seen moves it.
      this.#wanted = this.#sent;
    }
  }
}
