import { spawn } from 'node:child_process';
import type { Account, Written } from './account';

interface Opened extends Written {
  readonly ingest: { readonly url: string };
}

interface Shown {
  readonly status: string;
}

/** An encoder that sends a tone to a broadcast, as a station does. It ends by itself after two minutes. */
export class Source {
  private constructor(
    readonly id: string,
    private readonly me: Account,
    private readonly end: () => void,
  ) {}

  /** Opens a broadcast and puts it on the air. */
  static async start(me: Account, title: string): Promise<Source> {
    const { id, ingest } = await me.post<Opened>('/api/v1/broadcasts', { title });
    const sound = ['-re', '-f', 'lavfi', '-i', 'sine=440:d=120', '-c:a', 'libopus', '-page_duration', '200000'];
    const to = ['-f', 'ogg', '-content_type', 'application/ogg', ingest.url];
    const encoder = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...sound, ...to], { stdio: 'ignore' });
    const source = new Source(id, me, () => encoder.kill());
    while ((await me.get<Shown>(`/api/v1/broadcasts/${id}`)).status !== 'live')
      if (encoder.exitCode !== null) throw new Error(`ffmpeg ended with ${encoder.exitCode}`);
    return source;
  }

  /** The encoder is gone; the broadcast waits for it. */
  breakOff(): void {
    this.end();
  }

  async stop(): Promise<void> {
    this.end();
    await this.me.post(`/api/v1/broadcasts/${this.id}/stop`);
  }
}
