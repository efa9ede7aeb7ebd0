/** Bytes given to the browser's socket: they cannot be taken back, and delay its closing. */
export const SocketBytesMax = 32 * 1024;
/** Sound that may wait for the network. A longer wait is heard as a gap anyway. */
export const WaitsMaxS = 4;

/** The part of `WebSocket` that a source needs. */
export interface SourceSocket {
  readonly bufferedAmount: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string | Blob): void;
  close(code?: number): void;
}

export interface Hello {
  readonly key: string;
  readonly contentType: string;
}

export interface LinkEvents {
  accepted(): void;
  closed(code: number, reason: string): void;
  /** The network takes less than the recording makes. Nothing more is sent. */
  tooSlow(): void;
}

/**
 * One connection of a source: the key, then the parts of one recording in order. It holds what the network does not
 * take yet, up to `WaitsMaxS` of sound. After `close` and `tooSlow` it says nothing more.
 */
export class SourceLink {
  readonly #socket: SourceSocket;
  readonly #events: LinkEvents;
  readonly #waitBytesMax: number;
  #waiting: Blob[] = [];
  #waitingBytes = 0;
  #isOver = false;

  constructor(socket: SourceSocket, hello: Hello, bitRateKbps: number, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#waitBytesMax = ((bitRateKbps * 1000) / 8) * WaitsMaxS;
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = ({ data }) => {
      if (!this.#isOver && isAcceptance(data)) events.accepted();
    };
    socket.onclose = ({ code, reason }) => {
      if (this.#isOver) return;
      this.#end();
      events.closed(code, reason);
    };
  }

  /** The next part of the recording. */
  send(part: Blob): void {
    if (this.#isOver || part.size === 0) return;
    this.#waiting.push(part);
    this.#waitingBytes += part.size;
    while (this.#waiting.length > 0 && this.#socket.bufferedAmount < SocketBytesMax) {
      const first = this.#waiting.shift()!;
      this.#waitingBytes -= first.size;
      this.#socket.send(first);
    }
    if (this.#waitingBytes <= this.#waitBytesMax) return;
    this.close();
    this.#events.tooSlow();
  }

  close(): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.close(1000);
  }

  #end(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

function isAcceptance(data: unknown): boolean {
  if (typeof data !== 'string') return false;
  try {
    return (JSON.parse(data) as { type?: unknown }).type === 'accepted';
  } catch {
    return false;
  }
}
