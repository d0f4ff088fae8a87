import { noiseOverheadBytes } from '@macula/crypto';
import { concatBytes } from '../bytes.js';
import { TunnelError } from '../errors.js';

/**
 * The responder's word about an attach, in OPEN_OK: fixed layout.
 *
 *     0     chosen version: 2
 *     1     Noise message 2 (48)
 *
 * @param message2 - Noise message 2 without payload.
 */
export function encodeAttachAnswer(message2: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(2), message2]);
}

/**
 * Noise message 2 in the answer to an attach.
 *
 * @param bytes - the whole answer.
 * @throws TunnelError `bad_answer`, or `version_unsupported` when another version was chosen.
 */
export function decodeAttachAnswer(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0 && bytes[0] !== 2) {
    throw new TunnelError('version_unsupported', `answer chose version ${bytes[0]}`);
  }
  if (bytes.length !== 1 + noiseOverheadBytes) {
    throw new TunnelError('bad_answer', `attach answer of ${bytes.length} bytes`);
  }
  return bytes.slice(1);
}
