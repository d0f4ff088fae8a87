import { expect, test } from 'vitest';
import { codeOf, hex, join, unhex } from '../../test/support.js';
import { CryptoError } from '../errors.js';
import { type FrameCodec, FramedOpener } from './framed-opener.js';

const codec: FrameCodec = {
  lengthMin: 2,
  lengthMax: 5,
  open: (_header, length, body) => {
    const bytes = body.takeJoined(length);
    if (bytes[0] === 0xee) throw new CryptoError('decrypt_failed', 'no');
    if (bytes[0] === 0xff) throw new TypeError('bug');
    return [bytes];
  },
};

test('frames come out one by one, only when whole', () => {
  const opener = new FramedOpener(codec);
  expect([opener.atBoundary, opener.next()]).toEqual([true, undefined]);
  opener.push(unhex('000000'));
  expect([opener.atBoundary, opener.bufferedBytes, opener.next()]).toEqual([false, 3, undefined]);
  opener.push(unhex('0201'));
  expect([opener.next(), opener.bufferedBytes]).toEqual([undefined, 5]);
  opener.push(unhex('02000000030708'));
  expect(hex(join(opener.next()!))).toBe('0102');
  expect(opener.next()).toBeUndefined();
  opener.push(unhex('09'));
  expect(hex(join(opener.next()!))).toBe('070809');
  expect([opener.next(), opener.atBoundary]).toEqual([undefined, true]);
});

test('a length out of bounds is refused on the header alone, and holds nothing', () => {
  for (const header of ['00000001', '00000006', 'ffffffff', '00000000']) {
    const opener = new FramedOpener(codec);
    opener.push(unhex(header));
    expect(codeOf(() => opener.next())).toBe('bad_length');
    expect(opener.bufferedBytes).toBe(0);
  }
});

test('the first failure is final and thrown again by push and next', () => {
  const opener = new FramedOpener(codec);
  opener.push(unhex('00000002ee00000000020102'));
  expect(codeOf(() => opener.next())).toBe('decrypt_failed');
  expect(codeOf(() => opener.next())).toBe('decrypt_failed');
  expect(codeOf(() => opener.push(unhex('00')))).toBe('decrypt_failed');
});

test('an exception that is no CryptoError comes out as internal', () => {
  const opener = new FramedOpener(codec);
  opener.push(unhex('00000002ff00'));
  expect(codeOf(() => opener.next())).toBe('internal');
});
