import { describe, expect, it } from 'vitest';
import { PlayReport, type PlaySink } from './playReport';

class Sink implements PlaySink {
  readonly said: string[] = [];
  failing = false;

  begin(trackId: string): Promise<string> {
    this.said.push(`begin ${trackId}`);
    return this.failing ? Promise.reject(new Error('away')) : Promise.resolve('p');
  }

  report(_: string, { heardMs, positionMs, ended }: { heardMs: number; positionMs: number; ended: boolean }) {
    this.said.push(`${heardMs} at ${positionMs}${ended ? ' ended' : ''}`);
    return this.failing ? Promise.reject(new Error('away')) : Promise.resolve();
  }
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve));

async function play(sink: Sink, durationMs = 60_000): Promise<PlayReport> {
  const report = new PlayReport(sink, 't', durationMs);
  report.read({ nowMs: 0, positionMs: 0, playing: true });
  await settled();
  report.read({ nowMs: 100, positionMs: 100, playing: true });
  return report;
}

describe('a play', () => {
  it('begins with its first sound, and once', async () => {
    const sink = new Sink();
    const report = new PlayReport(sink, 't', 60_000);
    report.read({ nowMs: 0, positionMs: 0, playing: false });
    expect(sink.said).toEqual([]);
    report.read({ nowMs: 1, positionMs: 0, playing: true });
    report.read({ nowMs: 2, positionMs: 1, playing: true });
    await settled();
    expect(sink.said).toEqual(['begin t']);
  });

  it('counts what is heard after the server began it, and says it when it counts', async () => {
    const sink = new Sink();
    const report = await play(sink, 8_000);
    report.read({ nowMs: 4_000, positionMs: 4_000, playing: true });
    expect(report.heardMs).toBe(3_900);
    report.read({ nowMs: 4_100, positionMs: 4_100, playing: true });
    await report.end();
    expect(sink.said).toEqual(['begin t', '4000 at 4100', '4000 at 4100 ended']);
  });

  it('says at a pause how far it came', async () => {
    const sink = new Sink();
    const report = await play(sink);
    report.read({ nowMs: 2_100, positionMs: 2_100, playing: false });
    report.read({ nowMs: 3_100, positionMs: 2_100, playing: false });
    await settled();
    expect(sink.said).toEqual(['begin t', '2000 at 2100']);
  });

  it('makes up for a report that failed with the next', async () => {
    const sink = new Sink();
    const report = await play(sink);
    sink.failing = true;
    report.read({ nowMs: 10_100, positionMs: 10_100, playing: true });
    await settled();
    sink.failing = false;
    report.read({ nowMs: 10_200, positionMs: 10_200, playing: true });
    await settled();
    expect(sink.said).toEqual(['begin t', '10000 at 10100', '10100 at 10200']);
  });

  it('begins again when the server was away', async () => {
    const sink = new Sink();
    sink.failing = true;
    const report = await play(sink);
    await settled();
    sink.failing = false;
    report.read({ nowMs: 200, positionMs: 200, playing: true });
    await settled();
    expect(sink.said).toEqual(['begin t', 'begin t', 'begin t']);
  });

  it('says nothing after its end', async () => {
    const sink = new Sink();
    const report = await play(sink);
    await report.end();
    report.read({ nowMs: 50_000, positionMs: 50_000, playing: true });
    await report.end();
    expect(sink.said).toEqual(['begin t', '0 at 100 ended']);
  });
});
