import { createHmac } from 'node:crypto';

const StepS = 30;
const Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const presentStep = (): number => Math.floor(Date.now() / 1000 / StepS);

/** The code that an authenticator app shows in a step (RFC 6238: SHA-1, 30 seconds, 6 digits). */
export function totp(secret: string, step: number): string {
  const bits = [...secret].map(letter => Alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', key).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
