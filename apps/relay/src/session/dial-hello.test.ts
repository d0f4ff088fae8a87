import { codeNumber } from '@macula/wire';
import { expect, it } from 'vitest';
import { codeOfClosed } from './dial-hello.js';

it('a peer can not tell us that it is ourselves: that would switch our dialer off for good', () => {
  const closed = (code: 'self_connection' | 'busy') =>
    codeOfClosed({ kind: 'peer', code: codeNumber(code), reason: '' });
  expect(closed('self_connection')).toBe('protocol_error');
  expect(closed('busy')).toBe('busy');
});
