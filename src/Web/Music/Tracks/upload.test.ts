import { describe, expect, it } from 'vitest';
import { problemIn, Speed, titleOf, TitleMax } from './upload';

describe('the title of a file', () => {
  it('is its name, without what belongs to the file', () => {
    expect(titleOf('02 - night_bus.flac')).toBe('night bus');
    expect(titleOf('12. Aurora.wav')).toBe('Aurora');
    expect(titleOf('1999.mp3')).toBe('1999');
    expect(titleOf('Mr. Sandman')).toBe('Mr. Sandman');
    expect(titleOf('7 - .wav')).toBe('7 -');
  });

  it('keeps the text of any file name as text', () => {
    expect(titleOf('<img src=x onerror=alert(1)>.flac')).toBe('<img src=x onerror=alert(1)>');
    expect(titleOf('a\u0000b\u2028c\td.ogg')).toBe('a b c d');
    expect([...titleOf('🎵'.repeat(900))].length).toBe(TitleMax);
  });
});

describe('the speed', () => {
  it('is that of the last seconds', () => {
    const speed = new Speed();
    expect(speed.bytesPerSecond).toBe(0);
    speed.add(0, 0);
    speed.add(1_000, 500);
    expect(speed.bytesPerSecond).toBe(500);
    speed.add(5_000, 4_500);
    expect(speed.bytesPerSecond).toBe(1_000);
  });
});

describe('a refused upload', () => {
  it('says the problem, or at least the status', () => {
    const text = '{"type":"/problems/not_audio","title":"Not audio","detail":"The file is not readable sound."}';
    expect(problemIn(415, text)).toMatchObject({ code: 'not_audio', detail: 'The file is not readable sound.' });
    expect(problemIn(502, '<html>')).toMatchObject({ code: 'http_502', status: 502 });
  });
});
