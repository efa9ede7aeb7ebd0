// Compresses the built files once, so that the host sends them as they are: app.js gets app.js.br and app.js.gz.
// Fonts and pictures are compressed already.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const text = new Set(['.css', '.html', '.js', '.json', '.svg', '.webmanifest']);
const encodings = [
  ['.br', promisify(brotliCompress), { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }],
  ['.gz', promisify(gzip), { level: constants.Z_BEST_COMPRESSION }],
];

async function compress(file) {
  const bytes = await readFile(file);
  for (const [ending, encode, options] of encodings) {
    const smaller = await encode(bytes, options);
    if (smaller.length < bytes.length) await writeFile(file + ending, smaller);
  }
}

async function compressAll(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  await Promise.all(
    entries.map(entry => {
      const found = path.join(folder, entry.name);
      if (entry.isDirectory()) return compressAll(found);
      return text.has(path.extname(entry.name)) ? compress(found) : undefined;
    }),
  );
}

await compressAll(process.argv[2]);
