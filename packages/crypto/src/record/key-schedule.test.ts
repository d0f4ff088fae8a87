import { describe, expect, test } from 'vitest';
import { codeOf, hex, unhex } from '../../test/support.js';
import { nextKey } from '../aes-gcm.js';
import { RecordKeySchedule } from './key-schedule.js';
import { recordCountMax, rekeyEveryBytesDefault, rekeyEveryRecordsDefault } from './limits.js';

const key = unhex('21'.repeat(32));

function record(schedule: RecordKeySchedule, plaintextBytes: number): string {
  schedule.begin();
  const used = `${hex(schedule.key).slice(0, 8)}/${hex(schedule.nonce)}`;
  schedule.commit(plaintextBytes);
  return used;
}

describe('rekey', () => {
  const keys = [key, nextKey(key), nextKey(nextKey(key))].map((each) => hex(each).slice(0, 8));

  test('after every nth record; the nonce goes on', () => {
    const schedule = new RecordKeySchedule({ key, rekeyEveryRecords: 2 });
    const used = Array.from({ length: 5 }, () => record(schedule, 10));
    expect(used).toEqual([
      `${keys[0]}/000000000000000000000000`,
      `${keys[0]}/000000000000000000000001`,
      `${keys[1]}/000000000000000000000002`,
      `${keys[1]}/000000000000000000000003`,
      `${keys[2]}/000000000000000000000004`,
    ]);
    expect(schedule.rekeyCount).toBe(2);
  });

  test('after the record that reaches the byte limit; both counts start again', () => {
    const schedule = new RecordKeySchedule({ key, rekeyEveryBytes: 100, rekeyEveryRecords: 3 });
    const keyOf = (bytes: number) => record(schedule, bytes).slice(0, 8);
    expect(keyOf(99)).toBe(keys[0]);
    expect(keyOf(0)).toBe(keys[0]);
    expect(schedule.rekeyCount).toBe(0);
    // The third record reaches the record limit, the fourth alone reaches the byte limit.
    expect(keyOf(0)).toBe(keys[0]);
    expect(keyOf(100)).toBe(keys[1]);
    expect(keyOf(0)).toBe(keys[2]);
    expect(schedule.rekeyCount).toBe(2);
  });

  test('the defaults are 2^20 records and 64 GiB', () => {
    expect([rekeyEveryRecordsDefault, rekeyEveryBytesDefault]).toEqual([1048576, 68719476736]);
    const byRecords = new RecordKeySchedule({ key });
    for (let count = 1; count < rekeyEveryRecordsDefault; count++) byRecords.commit(0);
    expect(byRecords.rekeyCount).toBe(0);
    byRecords.commit(0);
    expect(byRecords.rekeyCount).toBe(1);
    const byBytes = new RecordKeySchedule({ key });
    byBytes.commit(rekeyEveryBytesDefault - 1);
    expect(byBytes.rekeyCount).toBe(0);
    byBytes.commit(1);
    expect(byBytes.rekeyCount).toBe(1);
  });
});

test('the last record before 2^53 is carried, the one after it refused', () => {
  const schedule = new RecordKeySchedule({ key }, recordCountMax - 1);
  expect(record(schedule, 1)).toContain('/00000000001ffffffffffffe');
  expect(codeOf(() => schedule.begin())).toBe('nonce_exhausted');
  expect(schedule.recordCount).toBe(2 ** 53 - 1);
});

test('keys are copied, sizes and limits checked, wiping ends the direction', () => {
  const ownKey = Uint8Array.from(key);
  const schedule = new RecordKeySchedule({ key: ownKey });
  ownKey.fill(0);
  expect(hex(schedule.key)).toBe(hex(key));
  schedule.wipe();
  expect(hex(schedule.key)).toBe('00'.repeat(32));
  expect(codeOf(() => schedule.begin())).toBe('nonce_exhausted');
  expect(codeOf(() => new RecordKeySchedule({ key: key.subarray(1) }))).toBe('bad_key');
  for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
    expect(codeOf(() => new RecordKeySchedule({ key, rekeyEveryRecords: limit }))).toBe('bad_option');
    expect(codeOf(() => new RecordKeySchedule({ key, rekeyEveryBytes: limit }))).toBe('bad_option');
  }
});
