import { untrack } from 'svelte';
import { session } from '../../Accounts/session.svelte';
import { api } from '../../Http/api';
import { takeSound } from '../../Shell/soundFocus';
import { dropMediaToken, mediaToken } from './mediaToken';
import { PlayReport, type PlaySink } from './playReport';
import * as queues from './queue';
import type { Queue, QueuedTrack } from './queue';

const QueueKey = 'veza.queue';
const VolumeKey = 'veza.volume';
const PositionKey = 'veza.position';

/** After this much of a track, "previous" begins it again. */
const RestartAfterMs = 3_000;

const sink: PlaySink = {
  begin: async trackId => {
    const answer = await api.post('/api/v1/tracks/{trackId}/plays', { path: { trackId } });
    return (answer as { id: string }).id;
  },
  report: (playId, body) => api.put('/api/v1/plays/{playId}', { path: { playId }, body }),
};

/** What the browser plays of the copies: Safari has no Opus in Ogg. */
const formatOf = (audio: HTMLAudioElement): 'opus' | 'mp3' =>
  audio.canPlayType('audio/ogg; codecs=opus') === '' ? 'mp3' : 'opus';

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage the queue lasts as long as the tab.
  }
}

/** The one player of the page, which goes on while a person moves about in it. */
class Player {
  #queue: Queue = $state.raw(queues.parse(kept(QueueKey)));
  /** Whether it should sound; while it waits for the network, too. */
  playing: boolean = $state(false);
  waiting: boolean = $state(false);
  positionMs: number = $state(0);
  failed: boolean = $state(false);
  #volume: number = $state(1);
  muted: boolean = $state(false);
  #audio: HTMLAudioElement | undefined;
  /** The key of the entry whose sound the element has. */
  #loaded: number | undefined;
  #report: PlayReport | undefined;
  #retried = false;

  constructor() {
    const volume = Number(kept(VolumeKey) ?? '1');
    if (volume >= 0 && volume <= 1) this.#volume = volume;
    const position = Number(kept(PositionKey) ?? '0');
    if (position >= 0 && position <= (this.track?.durationMs ?? 0)) this.positionMs = position;
  }

  get queue(): Queue {
    return this.#queue;
  }

  get track(): QueuedTrack | undefined {
    return queues.present(this.#queue)?.track;
  }

  get volume(): number {
    return this.#volume;
  }

  /** Whether this track is the one that plays or is paused. */
  isPresent = (trackId: string): boolean => this.track?.id === trackId;

  /** Plays these tracks from the one at `at`, instead of what was in the queue. */
  play(tracks: readonly QueuedTrack[], at = 0, fromMs = 0): void {
    this.#change(queues.replace(this.#queue, tracks, at));
    void this.#start(fromMs);
  }

  /** Plays or pauses a track, from a list that goes on after it. */
  toggleIn(tracks: readonly QueuedTrack[], trackId: string): void {
    if (this.isPresent(trackId)) this.toggle();
    else this.play(tracks, Math.max(0, tracks.findIndex(track => track.id === trackId)));
  }

  add(tracks: readonly QueuedTrack[], where: 'next' | 'end'): void {
    this.#change(queues.insert(this.#queue, tracks, where));
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.resume();
  }

  pause(): void {
    this.playing = false;
    this.#audio?.pause();
  }

  /** Plays on; after a fault, from where it was. */
  resume(): void {
    const entry = queues.present(this.#queue);
    if (entry === undefined) return;
    if (this.failed || this.#loaded !== entry.key) void this.#start(this.positionMs);
    else {
      this.playing = true;
      void this.#sound();
    }
  }

  seek(ms: number): void {
    const track = this.track;
    if (track === undefined) return;
    const to = Math.min(Math.max(0, ms), track.durationMs);
    this.#read();
    this.positionMs = to;
    if (this.#audio !== undefined && this.#loaded === queues.present(this.#queue)?.key)
      this.#audio.currentTime = to / 1000;
  }

  next(): void {
    this.#go(queues.next(this.#queue));
  }

  previous(): void {
    if (this.positionMs > RestartAfterMs) this.seek(0);
    else this.#go(queues.previous(this.#queue) ?? this.#queue);
  }

  jump(key: number): void {
    this.#change(queues.jump(this.#queue, key));
    void this.#start(0);
  }

  remove(key: number): void {
    const wasPresent = queues.present(this.#queue)?.key === key;
    const wasPlaying = this.playing;
    this.#change(queues.remove(this.#queue, key));
    if (!wasPresent) return;
    this.#unload();
    if (wasPlaying && this.track !== undefined) void this.#start(0);
  }

  move = (key: number, to: number): void => this.#change(queues.move(this.#queue, key, to));
  toggleShuffle = (): void => this.#change(queues.toggleShuffle(this.#queue, Math.random));
  toggleRepeat = (): void => this.#change(queues.nextRepeat(this.#queue));

  setVolume(volume: number): void {
    this.#volume = Math.min(Math.max(0, volume), 1);
    this.muted = false;
    this.#applyVolume();
    keep(VolumeKey, String(this.#volume));
  }

  toggleMute(): void {
    this.muted = !this.muted;
    this.#applyVolume();
  }

  /** Ends it, as at the end of a session. */
  clear(): void {
    this.#unload();
    this.#change({ ...queues.empty });
  }

  /** Called when the page is hidden for good: what was heard is said, and the place in the track is kept. */
  leave(): void {
    keep(PositionKey, String(this.positionMs));
    this.#read();
    void this.#report?.end();
  }

  #change(queue: Queue): void {
    this.#queue = queue;
    keep(QueueKey, JSON.stringify(queue));
  }

  #go(queue: Queue | undefined): void {
    if (queue === undefined) return;
    const goesOn = this.playing || this.failed;
    this.#change(queue);
    if (goesOn) void this.#start(0);
    else this.#unload();
  }

  #unload(): void {
    this.#endReport();
    this.playing = false;
    this.waiting = false;
    this.failed = false;
    this.positionMs = 0;
    this.#loaded = undefined;
    this.#audio?.pause();
    this.#audio?.removeAttribute('src');
    this.#leaveSound?.();
  }

  readonly #stop = (): void => this.pause();
  #leaveSound: (() => void) | undefined;

  async #start(fromMs: number): Promise<void> {
    const entry = queues.present(this.#queue);
    if (entry === undefined) return;
    this.#endReport();
    this.#retried = false;
    await this.#load(entry, fromMs);
  }

  async #load(entry: queues.Entry, fromMs: number): Promise<void> {
    const audio = (this.#audio ??= this.#element());
    audio.pause();
    this.#loaded = entry.key;
    this.playing = true;
    this.waiting = true;
    this.failed = false;
    this.positionMs = fromMs;
    const { id, durationMs } = entry.track;
    this.#report ??= new PlayReport(sink, id, durationMs);
    try {
      const token = await mediaToken(session.me);
      if (this.#loaded !== entry.key) return;
      audio.src = `/api/v1/tracks/${id}/audio?format=${formatOf(audio)}&token=${encodeURIComponent(token)}`;
      if (fromMs > 0) audio.currentTime = fromMs / 1000;
      if (this.playing) await this.#sound();
    } catch {
      if (this.#loaded === entry.key) this.#fail();
    }
  }

  async #sound(): Promise<void> {
    this.#leaveSound = takeSound(this.#stop);
    try {
      await this.#audio?.play();
    } catch (error) {
      // Another load or a pause came first; or the browser wants a press before it plays.
      const name = error instanceof DOMException ? error.name : '';
      if (name === 'NotAllowedError') this.pause();
      else if (name !== 'AbortError') this.#fault();
    }
  }

  #element(): HTMLAudioElement {
    const audio = document.createElement('audio');
    audio.preload = 'auto';
    document.body.append(audio);
    this.#audio = audio;
    this.#applyVolume();
    const on = (name: keyof HTMLMediaElementEventMap, act: () => void): void => audio.addEventListener(name, act);
    on('timeupdate', () => {
      if (audio.seeking || audio.error !== null) return;
      this.positionMs = audio.currentTime * 1000;
      this.#read();
    });
    on('playing', () => {
      this.waiting = false;
      this.#retried = false;
      this.#read();
    });
    on('waiting', () => (this.waiting = true));
    on('pause', () => {
      this.#read();
      // The system's own controls pause the element itself.
      if (!audio.ended && !this.waiting) this.playing = false;
    });
    on('ended', () => this.#ended());
    on('error', () => this.#fault());
    return audio;
  }

  #ended(): void {
    this.#read();
    this.#endReport();
    const following = queues.ended(this.#queue);
    if (following === undefined) return this.#unload();
    this.#change(following);
    void this.#start(0);
  }

  /** A token that ended or a broken connection is tried again once from the same place. */
  #fault(): void {
    const entry = queues.present(this.#queue);
    if (entry === undefined || this.#loaded !== entry.key || this.#audio?.getAttribute('src') === null) return;
    if (this.#retried) return this.#fail();
    this.#retried = true;
    dropMediaToken();
    void this.#load(entry, this.positionMs);
  }

  #fail(): void {
    this.#read();
    this.playing = false;
    this.waiting = false;
    this.failed = true;
  }

  #read(): void {
    const audio = this.#audio;
    if (audio === undefined || this.#loaded === undefined) return;
    const has = audio.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    const playing = has && !audio.paused && !audio.ended && !audio.seeking;
    this.#report?.read({ nowMs: performance.now(), positionMs: audio.currentTime * 1000, playing });
  }

  #endReport(): void {
    void this.#report?.end();
    this.#report = undefined;
  }

  #applyVolume(): void {
    if (this.#audio === undefined) return;
    this.#audio.volume = this.#volume;
    this.#audio.muted = this.muted;
  }
}

export const player = new Player();

// The queue belongs to the session that made it.
$effect.root(() => {
  $effect(() => {
    if (session.current === undefined) untrack(() => player.clear());
  });
});
