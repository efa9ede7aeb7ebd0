export interface WaveColours {
  readonly rest: string;
  readonly played: string;
}

export interface WaveMarks {
  /** Shares of the width, 0 to 1. */
  readonly played: number;
  /** Where the pointer is; undefined when it is elsewhere. */
  readonly pointer: number | undefined;
}

/** In CSS pixels. */
export const BarWidth = 2;
export const BarGap = 1;
const HeightMin = 2;

/** Between what is played and the pointer. */
const PreviewAlpha = 0.55;

export const barsIn = (width: number): number => Math.max(0, Math.floor((width + BarGap) / (BarWidth + BarGap)));

/** Draws bars around the middle line, sharp on any screen. */
export function drawWave(
  canvas: HTMLCanvasElement,
  bars: Float32Array,
  { rest, played }: WaveColours,
  marks: WaveMarks,
  ratio: number,
): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const step = width / Math.max(1, bars.length);
  for (let i = 0; i < bars.length; i++) {
    const share = (i + 0.5) / bars.length;
    const isPlayed = share <= marks.played;
    const isPreview = marks.pointer !== undefined && share <= marks.pointer !== isPlayed;
    context.fillStyle = isPlayed || isPreview ? played : rest;
    context.globalAlpha = isPreview ? PreviewAlpha : 1;
    const size = Math.max(HeightMin, (bars[i] ?? 0) * height);
    context.fillRect(i * step, (height - size) / 2, BarWidth, size);
  }
}
