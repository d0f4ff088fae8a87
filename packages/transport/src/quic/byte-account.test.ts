import { expect, test } from 'vitest';
import { ByteAccount } from './byte-account.js';

const none = (): number => 0;

/** Judged where every packet was the peer's. */
function isExceeded(account: ByteAccount, nowMs: number, unreadStreams = none): boolean {
  return account.isExceeded(nowMs, unreadStreams, () => account.received);
}

test('a mebibyte that shows up nowhere is too much', () => {
  const account = new ByteAccount(0);
  for (let packet = 0; packet < 800; packet++) {
    account.handlePacket(1350);
    account.handleTurnEnd();
  }
  expect(isExceeded(account, 1000)).toBe(true);
});

test('what others send in the name of the peer is not its fault, and frees it of nothing', () => {
  const account = new ByteAccount(0);
  const authentic = (): number => 800 * 1350;
  for (let packet = 0; packet < 100_000; packet++) account.handlePacket(1350);
  expect(account.isExceeded(1000, none, () => 0)).toBe(false);
  expect(account.isExceeded(1000, none, authentic)).toBe(false);
  for (let packet = 0; packet < 800; packet++) account.handlePacket(1350);
  expect(account.isExceeded(1000, none, authentic)).toBe(true);
});

test('acknowledgements that a peer draws from us pay for nothing', () => {
  const account = new ByteAccount(0);
  for (let turn = 0; turn < 40_000; turn++) {
    account.handlePacket(64);
    account.handleSent(41, 1);
    account.handleTurnEnd();
  }
  expect(isExceeded(account, 1000)).toBe(true);
});

test('honest traffic is never too much: bulk, tiny messages, acknowledgements, pings, parked streams', () => {
  const bulk = new ByteAccount(0);
  for (let turn = 0; turn < 100_000; turn++) {
    for (let packet = 0; packet < 64; packet++) bulk.handlePacket(1350);
    bulk.handleRead(64 * 1290);
    bulk.handleTurnEnd();
  }
  expect(isExceeded(bulk, 0)).toBe(false);

  const tiny = new ByteAccount(0);
  for (let turn = 0; turn < 1_000_000; turn++) {
    tiny.handlePacket(46);
    tiny.handleRead(1);
    tiny.handleTurnEnd();
  }
  expect(isExceeded(tiny, 0)).toBe(false);

  const sender = new ByteAccount(0);
  for (let turn = 0; turn < 1_000_000; turn++) {
    sender.handlePacket(48);
    sender.handleWritten(2 * 1290);
    sender.handleSent(2 * 1350, 2);
    sender.handleTurnEnd();
  }
  expect(isExceeded(sender, 0)).toBe(false);

  const tinySender = new ByteAccount(0);
  for (let turn = 0; turn < 1_000_000; turn++) {
    tinySender.handlePacket(48);
    tinySender.handleWritten(64);
    tinySender.handleSent(92, 1);
    tinySender.handleTurnEnd();
  }
  expect(isExceeded(tinySender, 0)).toBe(false);

  const pings = new ByteAccount(0);
  for (let ping = 0; ping < 100_000; ping++) pings.handlePacket(41);
  expect(isExceeded(pings, 100_000 * 10_000)).toBe(false);

  const parked = new ByteAccount(0);
  for (let packet = 0; packet < 4000; packet++) parked.handlePacket(1350);
  expect(isExceeded(parked, 0, () => 5)).toBe(false);
});
