import { isKnown, Topics } from '@veza/client';
import { toasts } from '../../Design/toasts.svelte';
import { follow } from '../../Live/live';
import { api } from '../../Http/api';
import { send, type Sent } from './send';
import { Speed, titleOf } from './upload';
import { words } from './words';

export type Step = 'draft' | 'waiting' | 'sending' | 'checking' | 'copying' | 'ready' | 'failed' | 'cancelled';

let last = 0;

/** One file on its way to a track. */
export class Upload {
  readonly key = ++last;
  title: string = $state('');
  genre: string = $state('');
  description: string = $state('');
  step: Step = $state('draft');
  sent: number = $state(0);
  bytesPerSecond: number = $state(0);
  /** Why it failed: a problem of the request, or the reason that the server says later. */
  error: unknown = $state.raw();
  reason: string | undefined = $state();
  trackId: string | undefined = $state();
  readonly #ending = new AbortController();
  readonly #idempotencyKey = `upload ${Date.now()} ${Math.random()}`;

  constructor(readonly file: File) {
    this.title = titleOf(file.name);
  }

  get busy(): boolean {
    return this.step === 'sending' || this.step === 'checking';
  }

  get cancellable(): boolean {
    return this.step === 'waiting' || this.busy;
  }

  cancel(): void {
    if (!this.cancellable) return;
    this.step = 'cancelled';
    this.#ending.abort(new DOMException('cancelled', 'AbortError'));
  }

  async run(): Promise<void> {
    this.step = 'sending';
    this.sent = 0;
    const speed = new Speed();
    try {
      const { title, genre, description, file } = this;
      const form = { title, genre: genre.trim(), description: description.trim(), file };
      const sent = await send(form, this.#idempotencyKey, this.#ending.signal, (bytes, total) => {
        this.sent = bytes;
        speed.add(performance.now(), bytes);
        this.bytesPerSecond = speed.bytesPerSecond;
        if (bytes === total) this.step = 'checking';
      });
      this.trackId = sent.id;
      this.step = 'copying';
      void this.#await(sent);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.step = 'failed';
      this.error = error;
    }
  }

  /** Follows the track until its copies are made, or cannot be. */
  async #await({ id, position }: Sent): Promise<void> {
    const signal = this.#ending.signal;
    try {
      await follow([Topics.track(id)], { after: position, signal }, update => {
        if (update.kind !== 'batch') return;
        for (const item of update.items) {
          if (!isKnown(item)) continue;
          if (item.type === 'trackProcessed') this.#ready();
          if (item.type === 'trackProcessingFailed') this.#failed(item.data.reason);
        }
      });
    } catch {
      // The live connection refused; the read below says as much.
    }
    if (this.step !== 'copying') return;
    const track = await api.get('/api/v1/tracks/{trackId}', { path: { trackId: id } }).catch(() => undefined);
    if (track?.status === 'ready') this.#ready();
    if (track?.status === 'failed') this.#failed(track.failure ?? '');
  }

  #ready(): void {
    this.step = 'ready';
    toasts.say(words().readyToast(this.title), 'good');
    this.#ending.abort();
  }

  #failed(reason: string): void {
    this.step = 'failed';
    this.reason = reason;
    this.#ending.abort();
  }
}

/** The uploads of this tab. They go on while a person moves about in the page, one after the other. */
class Uploads {
  all: Upload[] = $state([]);
  #running = false;

  get drafts(): Upload[] {
    return this.all.filter(upload => upload.step === 'draft');
  }

  /** Whether closing the page would lose something. */
  get busy(): boolean {
    return this.all.some(upload => upload.cancellable);
  }

  add(files: Iterable<File>): void {
    this.all.push(...[...files].map(file => new Upload(file)));
  }

  remove(upload: Upload): void {
    upload.cancel();
    this.all = this.all.filter(one => one.key !== upload.key);
  }

  retry(upload: Upload): void {
    const again = new Upload(upload.file);
    again.title = upload.title;
    again.genre = upload.genre;
    again.description = upload.description;
    this.all = this.all.map(one => (one.key === upload.key ? again : one));
  }

  start(uploads: readonly Upload[]): void {
    for (const upload of uploads) upload.step = 'waiting';
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (;;) {
        const next = this.all.find(upload => upload.step === 'waiting');
        if (next === undefined) return;
        await next.run();
      }
    } finally {
      this.#running = false;
    }
  }
}

export const uploads = new Uploads();
