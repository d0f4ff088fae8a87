import { expect, test } from 'vitest';
import { codeOf } from '../test/support.js';
import { drawRandom } from './random.js';

test('a source that returns another number of bytes is refused', () => {
  expect(drawRandom((length) => new Uint8Array(length), 32)).toHaveLength(32);
  expect(codeOf(() => drawRandom(() => new Uint8Array(31), 32))).toBe('bad_random');
  expect(codeOf(() => drawRandom(() => new Uint8Array(33), 32))).toBe('bad_random');
});
