import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryTokens } from './retry-token.js';

const from = { host: '192.0.2.1', port: 5000 };
const [original, retry] = [Buffer.from('original-id'), Buffer.alloc(20, 7)];

test('a token is good for its address, its connection id, its listener and ten seconds', () => {
  const tokens = new RetryTokens();
  const token = tokens.make(original, retry, from, 1000);
  expect(tokens.originalIdOf(token, retry, from, 11_000)).toEqual(original);
  expect(tokens.originalIdOf(token, retry, from, 12_000)).toBeUndefined();
  expect(tokens.originalIdOf(token, retry, { ...from, port: 5001 }, 1000)).toBeUndefined();
  expect(tokens.originalIdOf(token, retry, { ...from, host: '192.0.2.2' }, 1000)).toBeUndefined();
  expect(tokens.originalIdOf(token, Buffer.alloc(20, 8), from, 1000)).toBeUndefined();
  expect(new RetryTokens().originalIdOf(token, retry, from, 1000)).toBeUndefined();
});

test('a token with any bit changed, or cut anywhere, is no token', () => {
  const tokens = new RetryTokens();
  const token = tokens.make(original, retry, from, 1000);
  for (let at = 0; at < token.length; at++) {
    const changed = Buffer.from(token);
    changed[at]! ^= 1;
    expect(tokens.originalIdOf(changed, retry, from, 1000)).toBeUndefined();
    expect(tokens.originalIdOf(token.subarray(0, at), retry, from, 1000)).toBeUndefined();
  }
});

test('a token mutated in any other way is no token either', () => {
  const tokens = new RetryTokens();
  const token = tokens.make(original, retry, from, 1000);
  const other = tokens.make(Buffer.from('another-id'), retry, from, 2000);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (recipe) => {
      const mutated = Buffer.from(mutate(token, other, recipe));
      const isOurs = mutated.equals(token) || mutated.equals(other);
      expect(tokens.originalIdOf(mutated, retry, from, 2000) !== undefined).toBe(isOurs);
    }),
    { numRuns: runsOf(process.env, 1000) },
  );
});
