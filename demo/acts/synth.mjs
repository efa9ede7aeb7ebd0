// Small pieces of music as PCM: a tempo, a chord progression, pads, a bass line and drums. To an analysis they differ
// from silence, noise and a sine.

export const SampleRateHz = 44_100;
export const Channels = 2;

const progressions = [
  [0, 9, 5, 7],
  [0, 7, 9, 5],
  [9, 5, 0, 7],
  [2, 7, 0, 9],
  [0, 5, 9, 7],
];
/** The semitones above the tonic whose chords are minor in a major key. */
const minorDegrees = new Set([2, 4, 9]);
const hertz = semitonesFromA4 => 440 * 2 ** (semitonesFromA4 / 12);

/** @returns a random composition: `{ bpm, tonic, progression, swing }` */
export function compose(chance) {
  return {
    bpm: chance.whole(72, 148),
    tonic: chance.whole(-12, -1),
    progression: chance.pick(progressions),
    brightness: 0.5 + chance.next(),
    noise: chance.branch('noise'),
  };
}

/** @returns {Buffer} interleaved little-endian 16-bit samples, `SampleRateHz`, `Channels`. */
export function render(composition, seconds) {
  const frames = Math.round(seconds * SampleRateHz);
  const [left, right] = [new Float32Array(frames), new Float32Array(frames)];
  const beat = (60 / composition.bpm) * SampleRateHz;
  for (let bar = 0; bar * beat * 4 < frames; bar++) {
    const start = Math.round(bar * beat * 4);
    const degree = composition.progression[bar % composition.progression.length];
    pad(
      left,
      right,
      start,
      beat * 4,
      chord(composition.tonic + degree, minorDegrees.has(degree)),
      composition.brightness,
    );
    bass(left, right, start, beat, composition.tonic + degree - 24);
    drums(left, right, start, beat, composition.noise);
  }
  return interleaved(left, right);
}

const chord = (root, minor) => [root, root + (minor ? 3 : 4), root + 7].map(hertz);

function pad(left, right, start, length, notes, brightness) {
  const end = Math.min(start + Math.round(length), left.length);
  notes.forEach((hz, voice) => {
    const step = (2 * Math.PI * hz) / SampleRateHz;
    const pan = 0.3 + 0.2 * voice;
    for (let i = start; i < end; i++) {
      const at = (i - start) / length;
      const wave = Math.sin(step * i) + 0.3 * brightness * Math.sin(2 * step * i + at);
      const sample = 0.09 * Math.sin(Math.PI * at) ** 0.5 * wave;
      left[i] += sample * (1 - pan);
      right[i] += sample * pan;
    }
  });
}

/** Eighth notes, the root and now and then its octave. */
function bass(left, right, start, beat, note) {
  for (let eighth = 0; eighth < 8; eighth++) {
    const step = hertz(note + (eighth % 4 === 3 ? 12 : 0)) / SampleRateHz;
    const from = start + Math.round((eighth * beat) / 2);
    const end = Math.min(from + Math.round(beat * 0.45), left.length);
    for (let i = from; i < end; i++) {
      const phase = (step * (i - from)) % 1;
      const sample = 0.22 * (1 - (i - from) / (end - from)) * (4 * Math.abs(phase - 0.5) - 1);
      left[i] += sample;
      right[i] += sample;
    }
  }
}

/** Kick on one and three, snare on two and four, hats on the eighths. */
function drums(left, right, start, beat, noise) {
  const hit = (offset, seconds, gain, wave) => {
    const from = start + Math.round(offset * beat);
    const frames = Math.round(seconds * SampleRateHz);
    for (let i = 0; i < frames && from + i < left.length; i++) {
      const sample = gain * (1 - i / frames) ** 2 * wave(i / SampleRateHz);
      left[from + i] += sample;
      right[from + i] += sample;
    }
  };
  const kick = t => Math.sin(2 * Math.PI * (45 * t + 8 * (1 - Math.exp(-30 * t))));
  const hiss = () => noise.next() * 2 - 1;
  for (const at of [0, 2]) hit(at, 0.25, 0.5, kick);
  for (const at of [1, 3]) hit(at, 0.15, 0.25, hiss);
  for (let eighth = 0; eighth < 8; eighth++) hit(eighth / 2, 0.04, eighth % 2 ? 0.12 : 0.07, hiss);
}

function interleaved(left, right) {
  const samples = new Int16Array(left.length * Channels);
  for (let i = 0; i < left.length; i++) {
    samples[2 * i] = Math.tanh(left[i]) * 32_000;
    samples[2 * i + 1] = Math.tanh(right[i]) * 32_000;
  }
  return Buffer.from(samples.buffer);
}
