import { describe, expect, it } from 'vitest';
import { SocketBytesMax, SourceLink, WaitsMaxS, type SourceSocket } from './sourceLink';

/** A socket whose network takes what the test lets it. */
class FakeSocket implements SourceSocket {
  bufferedAmount = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: (string | Blob)[] = [];
  readonly closes: (number | undefined)[] = [];

  send(data: string | Blob): void {
    this.sent.push(data);
    if (typeof data !== 'string') this.bufferedAmount += data.size;
  }

  close(code?: number): void {
    this.closes.push(code);
  }

  say(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  end(code: number, reason = ''): void {
    this.onclose?.({ code, reason } as CloseEvent);
  }
}

function link(bitRateKbps = 128): { socket: FakeSocket; made: SourceLink; seen: string[] } {
  const socket = new FakeSocket();
  const seen: string[] = [];
  const made = new SourceLink(socket, { key: 'k', contentType: 'audio/webm' }, bitRateKbps, {
    accepted: () => seen.push('accepted'),
    closed: (code, reason) => seen.push(`closed ${code} ${reason}`),
    tooSlow: () => seen.push('tooSlow'),
  });
  return { socket, made, seen };
}

const part = (bytes: number): Blob => new Blob([new Uint8Array(bytes)]);

describe('SourceLink', () => {
  it('sends the key first, and says when it is accepted', () => {
    const { socket, seen } = link();
    socket.onopen?.({} as Event);
    expect(socket.sent).toEqual(['{"key":"k","contentType":"audio/webm"}']);
    socket.say('{"type":"other"}');
    socket.say('no JSON');
    socket.say(new ArrayBuffer(2));
    expect(seen).toEqual([]);
    socket.say('{"type":"accepted"}');
    expect(seen).toEqual(['accepted']);
  });

  it('sends parts in order, and leaves out empty ones', () => {
    const { socket, made } = link();
    const [one, two] = [part(10), part(20)];
    made.send(one);
    made.send(part(0));
    made.send(two);
    expect(socket.sent).toEqual([one, two]);
  });

  it('gives the socket no more than it may hold, and the rest when the network has taken that', () => {
    const { socket, made } = link();
    const parts = [part(SocketBytesMax), part(100), part(200)];
    parts.forEach(each => made.send(each));
    expect(socket.sent).toEqual(parts.slice(0, 1));
    socket.bufferedAmount = 0;
    const last = part(300);
    made.send(last);
    expect(socket.sent).toEqual([...parts, last]);
  });

  it('is too slow when more than some seconds of sound wait, and says so once', () => {
    const { socket, made, seen } = link(32);
    const second = 32_000 / 8;
    made.send(part(SocketBytesMax));
    for (let i = 0; i < WaitsMaxS; i++) made.send(part(second));
    expect(seen).toEqual([]);
    made.send(part(1));
    made.send(part(second));
    socket.end(1000);
    expect(seen).toEqual(['tooSlow']);
    expect(socket.closes).toEqual([1000]);
    expect(socket.sent).toHaveLength(1);
  });

  it('says why the server closed it, unless it closed by itself', () => {
    const lost = link();
    lost.socket.end(4401, 'wrong key');
    expect(lost.seen).toEqual(['closed 4401 wrong key']);
    const own = link();
    own.made.close();
    own.socket.end(1000);
    own.socket.say('{"type":"accepted"}');
    expect(own.seen).toEqual([]);
  });
});
