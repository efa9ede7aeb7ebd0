/**
 * A random UUID (version 4). `crypto.randomUUID` exists in secure contexts alone, and Node 18 has no global `crypto`.
 * @param random in [0, 1), for platforms without `crypto`: keys must differ, and need not be secret
 */
export function uuid(random: () => number): string {
  const bytes = new Uint8Array(16);
  const crypto: Crypto | undefined = globalThis.crypto;
  if (crypto === undefined) bytes.forEach((_, i) => (bytes[i] = Math.floor(random() * 256)));
  else crypto.getRandomValues(bytes);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
