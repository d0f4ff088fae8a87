import { CompactSign, compactVerify } from 'jose';
import { CryptoError } from '../errors.js';
import { identityFromSeed, parseIdentityId } from '../identity.js';
import { isRecord } from './claims.js';
import { tokenBytesMax } from './limits.js';

/** The two readable parts of a compact JWS (RFC 7515 section 3.1). Nothing in it is proven. */
export interface DecodedJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
}

/**
 * Takes a compact JWS apart. Each part must be in the one base64url spelling that its bytes have.
 *
 * @param text - what a peer sent.
 * @throws CryptoError `token_malformed`
 */
export function decodeJws(text: string): DecodedJws {
  if (typeof text !== 'string' || text.length > tokenBytesMax) {
    throw malformed(`a token is text of at most ${tokenBytesMax} bytes`);
  }
  const parts = text.split('.');
  if (parts.length !== 3) throw malformed('a token has three parts with dots between them');
  const [header, payload] = parts.map(decodePart) as [Uint8Array, Uint8Array, Uint8Array];
  return { header: parseJsonObject(header), payload };
}

/**
 * Parses bytes of JSON that must be an object.
 *
 * @param bytes - UTF-8.
 * @throws CryptoError `token_malformed`
 */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed('header and claims of a token are JSON', cause);
  }
  if (!isRecord(value)) throw malformed('header and claims of a token are objects');
  return value;
}

/**
 * Checks the signature of a compact JWS; only EdDSA with this key can be right.
 *
 * @param text - as received.
 * @param issuer - id of the identity that must have signed it.
 * @throws CryptoError `token_bad_signature`, or `bad_key` when `issuer` is no id
 */
export async function verifyJws(text: string, issuer: string): Promise<void> {
  parseIdentityId(issuer); // no id of low order, under which one signature holds for everything
  try {
    await compactVerify(text, publicJwk(issuer), { algorithms: ['EdDSA'] });
  } catch (cause) {
    throw new CryptoError('token_bad_signature', `${issuer} has not signed this token`, { cause });
  }
}

/**
 * Signs bytes as a compact JWS (RFC 8037 section 3.1).
 *
 * @param seed - of the signing identity.
 * @param header - must have `alg: 'EdDSA'`.
 * @param payload - any bytes.
 * @throws CryptoError `bad_key` when the seed has another size
 */
export function signJws(
  seed: Uint8Array,
  header: { readonly alg: 'EdDSA'; readonly typ?: string; readonly kid?: string },
  payload: Uint8Array,
): Promise<string> {
  const key = { ...publicJwk(identityFromSeed(seed).id), d: Buffer.from(seed).toString('base64url') };
  return new CompactSign(payload).setProtectedHeader(header).sign(key);
}

/** RFC 8037 section 2; an identity id is just its `x`. */
function publicJwk(id: string): { kty: 'OKP'; crv: 'Ed25519'; x: string } {
  return { kty: 'OKP', crv: 'Ed25519', x: id };
}

function decodePart(part: string): Uint8Array {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw malformed('the parts of a token are base64url');
  return bytes;
}

function malformed(message: string, cause?: unknown): CryptoError {
  return new CryptoError('token_malformed', message, cause === undefined ? {} : { cause });
}
