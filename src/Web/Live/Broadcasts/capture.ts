/** Content types of recorders that the server takes, best first. */
const Types = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus'] as const;
/** How often the recorder hands out a part: a fifth of the delay that listeners have anyway. */
const PartMs = 250;
const FloorDb = -70;

export interface MicrophoneOptions {
  readonly deviceId: string | undefined;
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
}

/** Why sound could not be captured; `words.ts` explains each. */
export type CaptureFault = 'denied' | 'noDevice' | 'busy' | 'insecure' | 'unsupported' | 'noSound';

export class CaptureError extends Error {
  constructor(
    readonly fault: CaptureFault,
    cause?: unknown,
  ) {
    super(fault, { cause });
  }
}

/** What this browser can record for the server; undefined when it can record nothing of it. */
export const recordableType = (): string | undefined =>
  'MediaRecorder' in globalThis ? Types.find(type => MediaRecorder.isTypeSupported(type)) : undefined;

/** The microphones, with names once the person has allowed one. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== '');
}

/** TypeScript does not know the mode yet; browsers without it ignore it. */
interface RecorderOptions extends MediaRecorderOptions {
  readonly audioBitrateMode: 'constant';
}

/**
 * Sound of a microphone or a tab on its way to a recorder: gain, mute and a meter. Its owner releases it.
 */
export class Capture {
  readonly #stream: MediaStream;
  readonly #context = new AudioContext();
  readonly #gain = this.#context.createGain();
  readonly #analyser = this.#context.createAnalyser();
  readonly #output = this.#context.createMediaStreamDestination();
  readonly #samples: Float32Array<ArrayBuffer>;
  #volume = 1;
  #muted = false;

  private constructor(stream: MediaStream, onended: () => void) {
    this.#stream = stream;
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(this.#gain);
    this.#gain.connect(this.#analyser).connect(this.#output);
    // The device is gone, or the person ended the sharing in the browser's own bar.
    stream.getAudioTracks()[0]?.addEventListener('ended', onended);
  }

  /** @throws CaptureError */
  static async microphone({ deviceId, ...wishes }: MicrophoneOptions, onended: () => void): Promise<Capture> {
    const device = deviceId === undefined ? {} : { deviceId: { exact: deviceId } };
    const audio = { ...wishes, ...device, autoGainControl: false };
    return new Capture(await granted(media => media.getUserMedia({ audio })), onended);
  }

  /**
   * The sound of a tab, or of the whole screen where the system gives it. The person chooses in the browser's dialog.
   * @throws CaptureError
   */
  static async display(onended: () => void): Promise<Capture> {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    // Browsers share no sound without a picture; the picture goes nowhere.
    const stream = await granted(media => media.getDisplayMedia({ audio, video: true }));
    if (stream.getAudioTracks().length === 0) {
      stream.getTracks().forEach(track => track.stop());
      throw new CaptureError('noSound');
    }
    return new Capture(stream, onended);
  }

  /** The device that was chosen, such as the system's standard. */
  get deviceId(): string | undefined {
    return this.#stream.getAudioTracks()[0]?.getSettings().deviceId;
  }

  set volume(volume: number) {
    this.#volume = volume;
    this.#apply();
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    this.#apply();
  }

  /** The largest sample of the last 40 ms, in dBFS, at least -70. */
  peakDb(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const peak = this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return Math.max(FloorDb, 20 * Math.log10(peak));
  }

  /** Starts a recording, whose parts come in order. Call the result to end it. */
  record(contentType: string, bitRateKbps: number, take: (part: Blob) => void): () => void {
    void this.#context.resume();
    const options: RecorderOptions = {
      mimeType: contentType,
      audioBitsPerSecond: bitRateKbps * 1000,
      // Silence takes as many bytes as sound: players read in blocks of some kilobytes, and would wait for the next.
      audioBitrateMode: 'constant',
    };
    const recorder = new MediaRecorder(this.#output.stream, options);
    recorder.ondataavailable = ({ data }) => take(data);
    recorder.start(PartMs);
    return () => recorder.state === 'inactive' || recorder.stop();
  }

  release(): void {
    this.#stream.getTracks().forEach(track => track.stop());
    void this.#context.close();
  }

  #apply(): void {
    // A short ramp, as a step would click.
    const level = this.#muted ? 0 : this.#volume;
    this.#gain.gain.setTargetAtTime(level, this.#context.currentTime, 0.01);
  }
}

async function granted(ask: (media: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  if (!globalThis.isSecureContext) throw new CaptureError('insecure');
  if (navigator.mediaDevices === undefined) throw new CaptureError('unsupported');
  try {
    return await ask(navigator.mediaDevices);
  } catch (error) {
    throw new CaptureError(faultOf(error), error);
  }
}

/** By the names that browsers give their errors. */
export function faultOf(error: unknown): CaptureFault {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'AbortError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'noDevice';
    case 'NotReadableError':
      return 'busy';
    default:
      return 'unsupported';
  }
}
