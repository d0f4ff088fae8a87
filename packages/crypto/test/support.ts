/** Helpers of the tests of this package. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { CryptoError, type CryptoErrorCode } from '../src/errors.js';
import type { RandomSource } from '../src/random.js';

/** How often a property is tried; `RUN_FACTOR` times as often where that is set. */
export const propertyRuns: { readonly numRuns: number } = {
  numRuns: 100 * Number(process.env.RUN_FACTOR ?? 1),
};

/** Bytes of a hexadecimal string. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Hexadecimal string of bytes. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** One array out of many. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A random source that gives SHA-256(seed, 0), SHA-256(seed, 1), … */
export function seededRandom(seed: string): RandomSource {
  let counter = 0;
  return (length) => {
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) {
      blocks.push(createHash('sha256').update(`${seed}/${counter++}`).digest());
    }
    return join(blocks).slice(0, length);
  };
}

/** A random source that gives the same bytes at every call. */
export function fixedRandom(bytes: Uint8Array): RandomSource {
  return () => Uint8Array.from(bytes);
}

/** Parses a file under vectors/. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as T;
}

/** The code of the CryptoError that `action` throws; fails when it throws anything else or nothing. */
export function codeOf(action: () => unknown): CryptoErrorCode {
  try {
    action();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CryptoError);
    return (thrown as CryptoError).code;
  }
  throw new Error('nothing was thrown');
}

/** Like {@link codeOf} for a promise that must be rejected. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<CryptoErrorCode> {
  try {
    await promise;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CryptoError);
    return (thrown as CryptoError).code;
  }
  throw new Error('nothing was thrown');
}

/** `valid` with some bytes changed, removed, repeated or inserted, or with another length where one may stand. */
export function mutation(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.nat(valid.length),
    remove: fc.nat(8),
    insert: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom('00', 'ff', '00000000', '00100000', '7fffffff', 'ffffffff').map(unhex),
      fc.constant(valid.subarray(0, 40)),
      fc.constant(new Uint8Array(0)),
    ),
  });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let bytes = Uint8Array.from(valid);
    for (const { at, remove, insert } of changes)
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + remove)]);
    return bytes;
  });
}
