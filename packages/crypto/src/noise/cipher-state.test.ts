import { expect, test } from 'vitest';
import { codeOf, hex, unhex, utf8 } from '../../test/support.js';
import { CipherState, nonceLimit } from './cipher-state.js';

const key = unhex('11'.repeat(32));
const associatedData = utf8('ad');

test('each message has its own nonce, and order matters', () => {
  const sender = new CipherState(key);
  const first = sender.encryptWithAd(associatedData, utf8('same'));
  const second = sender.encryptWithAd(associatedData, utf8('same'));
  expect(hex(first)).not.toBe(hex(second));
  expect(sender.counter).toBe(2);

  const receiver = new CipherState(key);
  expect(codeOf(() => receiver.decryptWithAd(associatedData, second))).toBe('decrypt_failed');
  expect(receiver.counter).toBe(0);
  expect(hex(receiver.decryptWithAd(associatedData, first))).toBe(hex(utf8('same')));
  expect(codeOf(() => receiver.decryptWithAd(associatedData, first))).toBe('decrypt_failed');
  expect(hex(receiver.decryptWithAd(associatedData, second))).toBe(hex(utf8('same')));
});

test('rekey changes the key at both ends and leaves the counter', () => {
  const sender = new CipherState(key);
  const receiver = new CipherState(key);
  receiver.decryptWithAd(associatedData, sender.encryptWithAd(associatedData, utf8('0')));
  sender.rekey();
  const sealed = sender.encryptWithAd(associatedData, utf8('1'));
  expect(codeOf(() => receiver.decryptWithAd(associatedData, sealed))).toBe('decrypt_failed');
  receiver.rekey();
  expect(hex(receiver.decryptWithAd(associatedData, sealed))).toBe(hex(utf8('1')));
  expect(sender.counter).toBe(2);
});

test('the last nonce is used, the one after it is refused', () => {
  const sender = new CipherState(key, nonceLimit - 1);
  const receiver = new CipherState(key, nonceLimit - 1);
  const sealed = sender.encryptWithAd(associatedData, utf8('last'));
  expect(hex(receiver.decryptWithAd(associatedData, sealed))).toBe(hex(utf8('last')));
  expect(codeOf(() => sender.encryptWithAd(associatedData, utf8('more')))).toBe('nonce_exhausted');
  expect(codeOf(() => receiver.decryptWithAd(associatedData, sealed))).toBe('nonce_exhausted');
});

test('the key is copied and its size checked; a wiped state is unusable', () => {
  const ownKey = Uint8Array.from(key);
  const state = new CipherState(ownKey);
  ownKey.fill(0);
  const sealed = state.encryptWithAd(associatedData, utf8('x'));
  expect(hex(new CipherState(key).decryptWithAd(associatedData, sealed))).toBe(hex(utf8('x')));
  state.wipe();
  expect(codeOf(() => state.encryptWithAd(associatedData, utf8('x')))).toBe('nonce_exhausted');
  expect(codeOf(() => new CipherState(key.subarray(1)))).toBe('bad_key');
  expect(codeOf(() => new CipherState(key, -1))).toBe('bad_option');
  expect(codeOf(() => new CipherState(key, 0.5))).toBe('bad_option');
});
