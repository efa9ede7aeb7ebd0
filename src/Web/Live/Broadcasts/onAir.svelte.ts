import { session } from '../../Accounts/session.svelte';
import { explain } from '../../Design/explain';
import { api } from '../../Http/api';
import { follow } from '../live';
import { begin, next, type Air, type Effect, type Happening, type Step } from './air';
import { recordableType, type Capture } from './capture';
import { SourceLink } from './sourceLink';

/** What opening a broadcast answers, beside what OpenAPI says of every creation. */
interface Opened {
  readonly id: string;
  readonly position: number;
  readonly ingest: { readonly key: string };
}

/** The broadcast of this tab. It goes on while the person moves about in the page. */
class OnAir {
  /** Undefined before the first broadcast, and after `leave`. */
  air: Air | undefined = $state.raw();
  broadcastId: string | undefined = $state();
  title: string = $state('');
  muted: boolean = $state(false);
  /** Why the broadcast could not be stopped in the log; the server ends it by itself a little later. */
  stopError: string | undefined = $state();
  #capture: Capture | undefined = $state.raw();
  #key = '';
  #contentType = '';
  #link: SourceLink | undefined;
  #endRecording: (() => void) | undefined;
  #connecting: ReturnType<typeof setTimeout> | undefined;
  #following: AbortController | undefined;
  #endWatch: (() => void) | undefined;

  /** Something is sent, or will be again. */
  get isOn(): boolean {
    return this.air !== undefined && this.air.phase !== 'over';
  }

  /** The level of what is sent, in dBFS. */
  peakDb(): number | undefined {
    return this.isOn ? this.#capture?.peakDb() : undefined;
  }

  /** Opens a broadcast and sends the capture, which it releases at the end. */
  async start(title: string, capture: Capture): Promise<void> {
    const contentType = recordableType();
    if (contentType === undefined) throw new Error('nothing that the server takes can be recorded');
    const opened = (await api.post('/api/v1/broadcasts', { body: { title } })) as unknown as Opened;
    this.broadcastId = opened.id;
    this.title = title;
    this.muted = false;
    this.stopError = undefined;
    this.#capture = capture;
    this.#key = opened.ingest.key;
    this.#contentType = contentType;
    this.#follow(opened);
    this.#stopWithSession(session.me);
    addEventListener('beforeunload', warn);
    this.#take(begin());
  }

  mute(muted: boolean): void {
    this.muted = muted;
    if (this.#capture) this.#capture.muted = muted;
  }

  stop(): void {
    this.#happens({ kind: 'stop' });
  }

  /** The microphone or the tab is gone. */
  captureEnded(): void {
    this.#happens({ kind: 'captureEnded' });
  }

  /** Drops a broadcast that is over. */
  leave(): void {
    if (!this.isOn) this.air = undefined;
  }

  #happens(happening: Happening): void {
    if (this.air !== undefined) this.#take(next(this.air, happening));
  }

  #take({ air, effects }: Step): void {
    this.air = air;
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        this.#connecting = setTimeout(() => this.#connect(), effect.afterMs);
        break;
      case 'record':
        this.#record(effect.bitRateKbps);
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'release':
        removeEventListener('beforeunload', warn);
        this.#following?.abort();
        this.#endWatch?.();
        this.#capture?.release();
        break;
      case 'stopBroadcast':
        void this.#stopBroadcast();
        break;
    }
  }

  #connect(): void {
    const url = new URL(`/live/${this.broadcastId}/source`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const hello = { key: this.#key, contentType: this.#contentType };
    this.#link = new SourceLink(new WebSocket(url), hello, this.air!.bitRateKbps, {
      accepted: () => this.#happens({ kind: 'accepted', nowMs: Date.now() }),
      closed: (code, reason) => this.#happens({ kind: 'closed', code, reason, nowMs: Date.now() }),
      tooSlow: () => this.#happens({ kind: 'tooSlow', nowMs: Date.now() }),
    });
  }

  #record(bitRateKbps: number): void {
    const link = this.#link;
    this.#endRecording = this.#capture?.record(this.#contentType, bitRateKbps, part => link?.send(part));
  }

  #disconnect(): void {
    clearTimeout(this.#connecting);
    // First the link, so that the recording's last part goes nowhere.
    this.#link?.close();
    this.#link = undefined;
    this.#endRecording?.();
    this.#endRecording = undefined;
  }

  #follow({ id, position }: Opened): void {
    this.#following = new AbortController();
    const place = { after: position, signal: this.#following.signal };
    void follow([`broadcast:${id}`], place, update => {
      if (update.kind === 'batch' && update.items.some(({ type }) => type === 'broadcastEnded'))
        this.#happens({ kind: 'broadcastEnded' });
    }).catch(() => undefined);
  }

  /** Signing out, here or in another tab, lets the microphone go. */
  #stopWithSession(accountId: string): void {
    this.#endWatch = $effect.root(() => {
      $effect(() => {
        if (session.current?.accountId !== accountId) queueMicrotask(() => this.stop());
      });
    });
  }

  async #stopBroadcast(): Promise<void> {
    const broadcastId = this.broadcastId;
    // Without a session the server ends it, a little after its source has gone.
    if (broadcastId === undefined || session.current === undefined) return;
    try {
      await api.post('/api/v1/broadcasts/{broadcastId}/stop', { path: { broadcastId } });
    } catch (error) {
      this.stopError = explain(error);
    }
  }
}

export const onAir = new OnAir();

/** Browsers then ask whether the person means to leave. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
