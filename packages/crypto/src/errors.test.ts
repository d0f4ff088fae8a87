import { expect, test } from 'vitest';
import { CryptoError } from './errors.js';

test('from keeps a CryptoError and wraps everything else as internal with its cause', () => {
  const own = new CryptoError('bad_point', 'x');
  expect(CryptoError.from(own)).toBe(own);
  const cause = new TypeError('boom');
  expect(CryptoError.from(cause)).toMatchObject({
    name: 'CryptoError',
    code: 'internal',
    message: 'boom',
    cause,
  });
  expect(CryptoError.from('text')).toMatchObject({ code: 'internal', message: 'text', cause: 'text' });
});
