import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, propertyRuns } from '../test/support.js';
import { asciiBytes, concatBytes, readUint32, requireLength, writeUint32 } from './bytes.js';

test('u32be round trip at any offset, up to 2^32 - 1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(4), (value, offset) => {
      const bytes = new Uint8Array(8);
      writeUint32(bytes, value, offset);
      expect(readUint32(bytes.subarray(offset))).toBe(value);
      expect(Buffer.from(bytes).readUInt32BE(offset)).toBe(value);
    }),
    propertyRuns,
  );
});

test('joined bytes share no memory with their parts', () => {
  const part = asciiBytes('ab');
  const joined = concatBytes([part, part]);
  part[0] = 0;
  expect(Buffer.from(joined).toString()).toBe('abab');
});

test('a wrong size is the code asked for', () => {
  requireLength('x', new Uint8Array(3), { expected: 3, code: 'bad_key' });
  expect(codeOf(() => requireLength('x', new Uint8Array(2), { expected: 3, code: 'bad_key' }))).toBe(
    'bad_key',
  );
  expect(codeOf(() => requireLength('x', 'abc' as never, { expected: 3, code: 'bad_length' }))).toBe(
    'bad_length',
  );
});
