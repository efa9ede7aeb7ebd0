import { spawn } from 'node:child_process';

/** No encoding or decoding here takes long; one that does hangs. */
const ToolMsMax = 60_000;

/** Runs ffmpeg or ffprobe to its end. @returns `{ code, stdout, stderr }` */
export function run(tool, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { timeout: ToolMsMax, killSignal: 'SIGKILL' });
    const [stdout, stderr] = [[], []];
    child.stdout.on('data', chunk => stdout.push(chunk));
    child.stderr.on('data', chunk => stderr.push(chunk));
    child.on('error', error =>
      reject(
        error.code === 'ENOENT' ? new Error(`${tool} is not installed; on Debian: apt-get install ffmpeg`) : error,
      ),
    );
    child.on('close', code =>
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString().trim() }),
    );
    // A tool that has read enough closes its input early. Its exit code shows whether it succeeded.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

export async function requireTools() {
  for (const tool of ['ffmpeg', 'ffprobe']) await run(tool, ['-version']);
}

/** Encodes 16-bit PCM into a file. */
export async function encode(pcm, { sampleRateHz, channels }, path, codecArgs) {
  const source = ['-f', 's16le', '-ar', String(sampleRateHz), '-ac', String(channels), '-i', 'pipe:0'];
  const { code, stderr } = await run('ffmpeg', ['-v', 'error', '-y', ...source, ...codecArgs, path], pcm);
  if (code !== 0) throw new Error(`ffmpeg could not make ${path}: ${stderr}`);
}

const ProbeRateHz = 8_000;

/** Decodes a whole file. It counts the length in samples, since a stream joined late has no useful timestamps. */
export async function decodedMs(path) {
  const { code, stdout, stderr } = await run('ffmpeg', [
    '-v',
    'error',
    '-i',
    path,
    '-f',
    's16le',
    '-ac',
    '1',
    '-ar',
    String(ProbeRateHz),
    'pipe:1',
  ]);
  return { ok: code === 0 && stdout.length > 0, ms: (stdout.length / 2 / ProbeRateHz) * 1000, said: stderr };
}

/** Probes a file with ffprobe. @returns `{ durationMs, codec }` */
export async function probe(path) {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration:stream=codec_name',
    '-of',
    'json',
    path,
  ]);
  const { format, streams } = JSON.parse(stdout.toString() || '{}');
  return { durationMs: Number(format?.duration) * 1000, codec: streams?.[0]?.codec_name };
}
