import { createHash } from 'node:crypto';
import { asciiBytes, concatBytes, emptyBytes, requireLength, writeUint32 } from './bytes.js';
import { iskBytes } from './cpace.js';
import { CryptoError } from './errors.js';
import { hkdfSha256 } from './kdf.js';

/** Size of a tunnel key, a pre-shared key and a resumption secret, in bytes. */
export const tunnelKeyBytes = 32;

/**
 * The tunnel key: SHA-256("macula-dist-tunnel:" ++ cookie). It is the key of protocol 1 envelopes and the password of
 * CPace in protocol 2. Whoever has it can join as if he had the cookie, and a weak cookie can be guessed from anything
 * computed with it offline: keep it secret, publish nothing derived from it.
 *
 * @param cookie - the Erlang cookie's Latin-1 bytes, any number of them.
 * @returns 32 bytes.
 */
export function deriveTunnelKey(cookie: Uint8Array): Uint8Array {
  return createHash('sha256').update(tunnelKeyLabel).update(cookie).digest();
}

/**
 * The pre-shared key of a tunnel's first Noise handshake: HKDF-SHA-256(ISK, "macula tunnel psk"). CPace yields 64
 * bytes, Noise takes 32 (Noise rev 34 section 9).
 *
 * @param isk - result of `cpaceFinish`, 64 bytes.
 * @returns 32 bytes.
 * @throws CryptoError `bad_key` when `isk` has another size.
 */
export function deriveFirstPsk(isk: Uint8Array): Uint8Array {
  requireLength('ISK', isk, { expected: iskBytes, code: 'bad_key' });
  return hkdfSha256(isk, emptyBytes, firstPskLabel, tunnelKeyBytes);
}

/**
 * The pre-shared key of the handshake of one attach: HKDF-SHA-256(resumption secret, "attach" ‖ epoch as u32be).
 *
 * @param resumptionSecret - from the tunnel's first handshake, 32 bytes.
 * @param epoch - number of this attach, 1 to 2^32 - 1; 0 is the first handshake, which has no attach key.
 * @returns 32 bytes.
 * @throws CryptoError `bad_key` when the secret has another size, `bad_option` when the epoch is out of bounds.
 */
export function deriveAttachPsk(resumptionSecret: Uint8Array, epoch: number): Uint8Array {
  requireLength('resumption secret', resumptionSecret, { expected: tunnelKeyBytes, code: 'bad_key' });
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > 0xffff_ffff) {
    throw new CryptoError('bad_option', 'attach epoch must be 1 to 2^32 - 1');
  }
  const epochBytes = new Uint8Array(4);
  writeUint32(epochBytes, epoch, 0);
  return hkdfSha256(resumptionSecret, emptyBytes, concatBytes([attachLabel, epochBytes]), tunnelKeyBytes);
}

const tunnelKeyLabel = asciiBytes('macula-dist-tunnel:');
const firstPskLabel = asciiBytes('macula tunnel psk');
const attachLabel = asciiBytes('attach');
