// Reads {jwks, secret, token, claims} from standard input: the address of the public keys, JWT_SECRET, a token that the
// server issued, and the claims of such a token.
// Writes {opened, refused, made}: the claims that jose reads, its error code for each altered use of the token, and
// tokens that jose signed, named by what is wrong with them.
import { createECDH, hkdfSync } from 'node:crypto';
import { createRemoteJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { jwks, secret, token, claims } = JSON.parse(Buffer.concat(chunks).toString());

const keys = createRemoteJWKSet(new URL(jwks));
const expected = { issuer: 'veza', audience: 'veza', typ: 'at+jwt', algorithms: ['ES256'] };
const opened = await jwtVerify(token, keys, expected);
const kid = opened.protectedHeader.kid;

const why = async (altered, options) => {
  try { await jwtVerify(altered, keys, options); return null; } catch (e) { return e.code; }
};
const [head, body, signature] = token.split('.');
const promoted = Buffer.from(JSON.stringify({ ...claims, roles: ['operator'] })).toString('base64url');
const refused = {
  tampered: await why(`${head}.${promoted}.${signature}`, expected),
  audience: await why(token, { ...expected, audience: 'other' }),
  algorithm: await why(token, { ...expected, algorithms: ['ES384'] }),
};

// Derives the key of the day from the secret with Node's crypto.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const derived = hkdfSync('sha256', secret, '', `veza access token ES256 ${kid.split('.')[0]}`, 48);
const wide = BigInt('0x' + Buffer.from(derived).toString('hex'));
const d = Buffer.from((wide % (order - 1n) + 1n).toString(16).padStart(64, '0'), 'hex');
const curve = createECDH('prime256v1');
curve.setPrivateKey(d);
const point = curve.getPublicKey();
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: point.subarray(1, 33).toString('base64url'),
  y: point.subarray(33).toString('base64url'),
  d: d.toString('base64url'),
};
const key = await importJWK(jwk, 'ES256');
const other = await generateKeyPair('ES256');
const larger = await generateKeyPair('ES384');
const publicKey = Buffer.from(JSON.stringify(await exportJWK(await importJWK({ ...jwk, d: undefined }, 'ES256'))));

const header = { alg: 'ES256', typ: 'at+jwt', kid };
const sign = (changed, by = key, head = header) =>
  new SignJWT({ ...claims, ...changed }).setProtectedHeader(head).sign(by);
const made = {
  good: await sign({}),
  'of another audience': await sign({ aud: 'other' }),
  'of another issuer': await sign({ iss: 'other' }),
  'of another key under our name': await sign({}, other.privateKey),
  'ES384': await sign({}, larger.privateKey, { ...header, alg: 'ES384' }),
  'HS256 with the public key': await sign({}, publicKey, { ...header, alg: 'HS256' }),
  'of another type': await sign({}, key, { ...header, typ: 'JWT' }),
  'without a key id': await sign({}, key, { alg: 'ES256', typ: 'at+jwt' }),
  'with a key of its own': await sign({}, other.privateKey, { ...header, jwk: await exportJWK(other.publicKey) }),
  'not signed': new UnsecuredJWT(claims).encode(),
  'past its time': await sign({ iat: claims.iat - 3600, nbf: claims.nbf - 3600, exp: claims.exp - 3600 }),
  'good for too long': await sign({ exp: claims.exp + 3600 }),
};
process.stdout.write(JSON.stringify({ opened: opened.payload, refused, made }));
