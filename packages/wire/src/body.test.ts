import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBody, encodeBody } from './body.js';
import { WireError } from './errors.js';

const badBody = expect.objectContaining({ name: 'WireError', code: 'bad_body' });

describe('bodies', () => {
  it('are msgpack maps (hex vector)', () => {
    // 82: map of 2; a1 61 = "a"; 01; a1 62 = "b"; c4 02 01 02 = two bytes
    const hex = '82a16101a162c4020102';
    expect(Buffer.from(encodeBody({ a: 1, b: Uint8Array.of(1, 2) })).toString('hex')).toBe(hex);
    expect(decodeBody(Buffer.from(hex, 'hex'))).toEqual({ a: 1, b: Buffer.of(1, 2) });
  });

  it('leave out undefined fields', () => {
    expect(decodeBody(encodeBody({ a: undefined, b: true }))).toEqual({ b: true });
  });

  it.each([
    ['an extension type', '81a161d40001'],
    ['a msgpackr record definition', '81a161d4724091a16101'],
    ['a list at the top', '9101'],
    ['bytes behind the end', '8000'],
    ['a cut-off string', '81a161a5aabb'],
    ['a huge array length', '81a161ddffffffff'],
    ['nesting beyond the limit', `81a161${'91'.repeat(20)}01`],
    ['nothing', ''],
  ])('refuse %s', (_what, hex) => {
    expect(() => decodeBody(Buffer.from(hex, 'hex'))).toThrow(badBody);
  });

  it('answer arbitrary bytes with a body or a WireError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(typeof decodeBody(bytes)).toBe('object');
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: runsOf(process.env, 2000) },
    );
  });
});
