import { md5 } from '@noble/hashes/legacy.js';

/**
 * The proof that a node knows the cookie: MD5 of the cookie and the other's challenge in decimal digits
 * (`dist_util:gen_digest/2`). Both sides prove it, and the cookie itself is never sent; MD5 is what the protocol demands.
 *
 * @param cookie bytes of the cookie (an atom's characters as Latin-1)
 * @param challenge 32 bits
 */
export function challengeDigest(cookie: Uint8Array, challenge: number): Uint8Array {
  const digits = new TextEncoder().encode(String(challenge));
  const both = new Uint8Array(cookie.length + digits.length);
  both.set(cookie);
  both.set(digits, cookie.length);
  return md5(both);
}

/** Whether two digests are equal, in a time that doesn't tell where they differ. */
export function sameDigest(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}
