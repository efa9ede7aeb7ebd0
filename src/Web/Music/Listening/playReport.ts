import { hear, isDue, unheard, type Reading } from './heard';

/** How a play is said to the server. */
export interface PlaySink {
  begin(trackId: string): Promise<string>;
  report(playId: string, body: { heardMs: number; positionMs: number; ended: boolean }): Promise<unknown>;
}

/**
 * One play of one track, from its first sound. It counts only what is heard after the server has begun the play, so
 * that no report runs ahead of the server's clock. Reports follow one another; one that fails is made up for by the
 * next, which says more.
 */
export class PlayReport {
  readonly #sink: PlaySink;
  readonly #trackId: string;
  readonly #durationMs: number;
  #id: string | undefined;
  #begins: Promise<void> | undefined;
  #heard = unheard;
  #reportedMs = 0;
  #sending = Promise.resolve();
  #over = false;

  constructor(sink: PlaySink, trackId: string, durationMs: number) {
    this.#sink = sink;
    this.#trackId = trackId;
    this.#durationMs = durationMs;
  }

  get heardMs(): number {
    return this.#heard.heardMs;
  }

  /** Called often while it plays, and at each pause and jump. */
  read(reading: Reading): void {
    if (this.#over) return;
    if (this.#id === undefined) {
      if (reading.playing) this.#begins ??= this.#begin();
      return;
    }
    this.#heard = hear(this.#heard, reading);
    const pauses = !reading.playing && this.#heard.heardMs > this.#reportedMs;
    if (pauses || isDue(this.#heard.heardMs, this.#reportedMs, this.#durationMs)) this.#report(false);
  }

  /** The last report. */
  end(): Promise<void> {
    if (!this.#over && this.#id !== undefined) this.#report(true);
    this.#over = true;
    return this.#sending;
  }

  async #begin(): Promise<void> {
    try {
      this.#id = await this.#sink.begin(this.#trackId);
    } catch {
      // The next reading tries again.
      this.#begins = undefined;
    }
  }

  #report(ended: boolean): void {
    const id = this.#id;
    if (id === undefined) return;
    const heardMs = Math.floor(this.#heard.heardMs);
    const position = Math.max(0, Math.floor(this.#heard.last?.positionMs ?? 0));
    const before = this.#reportedMs;
    this.#reportedMs = heardMs;
    const body = { heardMs, positionMs: Math.min(position, this.#durationMs), ended };
    this.#sending = this.#sending.then(async () => {
      try {
        await this.#sink.report(id, body);
      } catch {
        this.#reportedMs = Math.min(this.#reportedMs, before);
      }
    });
  }
}
