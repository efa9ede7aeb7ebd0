import { Problem } from '@veza/client';

export const TitleMax = 200;

/** "02 - night_bus.flac" as "night bus": a number, the ending and underscores are of the file, not of the music. */
export function titleOf(fileName: string): string {
  const name = fileName
    .replace(/\.[^.\s]{1,5}$/u, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('_', ' ');
  const title = name.replace(/^\s*\d{1,3}\s*[-.)]\s*(?=\S)/u, '').replaceAll(/\s+/g, ' ').trim();
  return [...(title || name.trim())].slice(0, TitleMax).join('').trim();
}

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** The speed of the last seconds, in bytes a second. */
export class Speed {
  static readonly OverMs = 4_000;
  #samples: Sample[] = [];

  add(atMs: number, bytes: number): void {
    this.#samples = [...this.#samples.filter(sample => atMs - sample.atMs <= Speed.OverMs), { atMs, bytes }];
  }

  get bytesPerSecond(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000;
  }
}

/** The problem that an answer's text says. */
export function problemIn(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as { type?: string; title?: string; detail?: string };
    const code = body.type?.replace('/problems/', '') ?? `http_${status}`;
    return new Problem(status, code, body.detail ?? body.title ?? code);
  } catch {
    return new Problem(status, `http_${status}`, `HTTP ${status}`);
  }
}
