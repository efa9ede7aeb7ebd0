import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeSound } from '../../Shell/soundFocus';
import { Listening } from './listening.svelte';

class FakeAudio extends EventTarget {
  volume = 1;
  src = '';
  refusal: string | undefined;
  readonly joined: string[] = [];

  play(): Promise<void> {
    this.joined.push(this.src);
    return this.refusal === undefined
      ? Promise.resolve()
      : Promise.reject(Object.assign(new Error(), { name: this.refusal }));
  }

  pause(): void {}
  load(): void {}

  removeAttribute(): void {
    this.src = '';
  }

  does(event: string): void {
    this.dispatchEvent(new Event(event));
  }
}

let audio: FakeAudio;
let listening: Listening;
let detach: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  audio = new FakeAudio();
  listening = new Listening('/live/1');
  detach = listening.attach(audio as unknown as HTMLAudioElement);
});

afterEach(() => {
  detach();
  vi.useRealTimers();
});

describe('Listening', () => {
  it('joins, plays, and leaves so that nothing more is loaded', () => {
    listening.start();
    expect(listening.state).toBe('buffering');
    audio.does('playing');
    expect(listening.state).toBe('playing');
    audio.does('waiting');
    expect(listening.state).toBe('buffering');
    listening.stop();
    expect(listening.state).toBe('silent');
    expect(audio.src).toBe('');
  });

  it('joins again after growing waits when the connection breaks', () => {
    listening.start();
    for (const waitMs of [500, 1000, 2000]) {
      audio.does('error');
      vi.advanceTimersByTime(waitMs - 1);
      const before = audio.joined.length;
      vi.advanceTimersByTime(1);
      expect(audio.joined.length).toBe(before + 1);
    }
    audio.does('playing');
    audio.does('ended');
    vi.advanceTimersByTime(500);
    expect(audio.joined.length).toBe(5);
  });

  it('joins no more once it was left', () => {
    listening.start();
    audio.does('error');
    listening.stop();
    audio.does('error');
    vi.runAllTimers();
    listening.rejoin();
    expect(audio.joined).toEqual(['/live/1']);
  });

  it('is at the present again after a long wait, and goes on after a short one', () => {
    listening.start();
    audio.does('playing');
    audio.does('waiting');
    vi.advanceTimersByTime(3_000);
    audio.does('playing');
    expect(audio.joined.length).toBe(1);
    audio.does('waiting');
    vi.advanceTimersByTime(9_000);
    audio.does('playing');
    expect(audio.joined.length).toBe(2);
    audio.does('playing');
    expect(listening.state).toBe('playing');
  });

  it('says when the browser wants a press first', async () => {
    audio.refusal = 'NotAllowedError';
    listening.start();
    await vi.waitFor(() => expect(listening.blocked).toBe(true));
    expect(listening.state).toBe('silent');
  });

  it('is silent when another sound begins', () => {
    listening.start();
    takeSound(() => undefined);
    expect(listening.state).toBe('silent');
  });
});
