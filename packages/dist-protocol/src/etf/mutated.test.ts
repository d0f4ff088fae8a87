import { readFileSync } from 'node:fs';
import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTerm, EtfError, encodeTerm, formatTerm, type Term, termEquals } from '../index.js';

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/etf.json', import.meta.url), 'utf8'),
) as unknown;

/** Every text of hexadecimal digits in the file: terms as OTP encodes them. */
function fromOtp(value: unknown): Uint8Array[] {
  if (typeof value === 'string')
    return /^83([0-9a-f]{2})+$/.test(value) ? [Uint8Array.from(Buffer.from(value, 'hex'))] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(fromOtp) : [];
}

const terms = fromOtp(vectors).filter(({ length }) => length < 5000);
const uncompressedBytesMax = 32_768;
const valid = fc.constantFrom(...terms);

/** Elements and bytes that a term holds, however deep. */
function held(term: unknown, depth = 0): number {
  if (typeof term !== 'object' || term === null) return 1;
  if (term instanceof Uint8Array) return term.length;
  const parts = Array.isArray(term)
    ? term
    : Symbol.iterator in term
      ? [...(term as Iterable<unknown>)]
      : Object.values(term);
  return parts.reduce((sum: number, part) => sum + held(part, depth + 1), 1);
}

describe('mutated terms of OTP', () => {
  it('there are some', () => {
    expect(terms.length).toBeGreaterThan(20);
  });

  it('are terms that encode to themselves again, or an EtfError', () => {
    fc.assert(
      fc.property(valid, valid, fc.uint8Array({ minLength: 1, maxLength: 24 }), (one, other, recipe) => {
        const mutated = mutate(one, other, recipe);
        let term: Term;
        try {
          term = decodeTerm(mutated, { uncompressedBytesMax });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(EtfError);
          return;
        }
        const bytes = mutated[1] === 80 ? uncompressedBytesMax : mutated.length;
        expect(held(term)).toBeLessThanOrEqual(8 * bytes);
        expect(typeof formatTerm(term)).toBe('string');
        const again = encodeTerm(term);
        expect(termEquals(decodeTerm(again), term)).toBe(true);
        expect(encodeTerm(decodeTerm(again))).toEqual(again);
      }),
      { numRuns: runsOf(process.env, 4000) },
    );
  });
});
