import { BloomError } from './errors.js';
import { elementBytes } from './limits.js';

/** A node's name in its realm. */
export interface RealmName {
  /** Routing scope; no NUL in it. */
  readonly realm: string;
  /** The node's name. */
  readonly name: string;
}

/**
 * The element of a name: the first 16 bytes of HMAC-SHA-256(mesh filter key, realm ‖ 0 ‖ name), both as UTF-8. The key seeds it, so that
 * whoever gets a filter without the key can't test names against it.
 *
 * @param hmacSha256 HMAC-SHA-256 under the mesh's filter key
 * @throws {BloomError} `invalid_element` for a realm with NUL, or a hash of fewer than 16 bytes
 */
export function elementOf(
  { realm, name }: RealmName,
  hmacSha256: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  if (realm.includes('\0')) throw new BloomError('invalid_element', 'NUL in a realm');
  const hash = hmacSha256(new TextEncoder().encode(`${realm}\0${name}`));
  if (hash.length < elementBytes) throw new BloomError('invalid_element', `hash of ${hash.length} bytes`);
  return new Uint8Array(hash.subarray(0, elementBytes));
}
