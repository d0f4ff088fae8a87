import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { recordsPerFault } from './faults.js';
import { FaultyRecords } from './faulty-records.js';

const greeting = Buffer.concat([Buffer.of(0, 48), Buffer.alloc(48, 0xee)]);

function record(number: number): Buffer {
  const bytes = Buffer.alloc(4 + 16 + (number % 50), 0xdd);
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.writeUInt32BE(number, 4);
  return bytes;
}

/** The numbers of the records that come out of a direction that is cut into chunks of any length. */
function numbersThrough(
  fault: 'drop' | 'swap',
  count: number,
  seed: number,
  head = Buffer.alloc(0),
): number[] {
  const random = new SeededRandom(seed);
  const faulty = new FaultyRecords(fault, random.fork(), () => {});
  const sent = Buffer.concat([head, ...Array.from({ length: count }, (_, number) => record(number))]);
  const got: Buffer[] = [];
  for (let start = 0; start < sent.length; ) {
    const end = start + 1 + random.integer(200);
    got.push(faulty.pass(sent.subarray(start, end)));
    start = end;
  }
  const out = Buffer.concat([...got, faulty.flush()]);
  const numbers: number[] = [];
  for (let at = head.length; at < out.length; at += 4 + out.readUInt32BE(at))
    numbers.push(out.readUInt32BE(at + 4));
  expect(out.equals(Buffer.concat([head, ...numbers.map(record)])), 'no record is changed').toBe(true);
  return numbers;
}

describe.each([1, 2, 3])('of a direction, seed %i,', (seed) => {
  it.each([
    ['', Buffer.alloc(0)],
    [' behind the Noise message', greeting],
  ])('drop loses one record in 10,000%s and changes nothing else', (_, head) => {
    const numbers = numbersThrough('drop', 2 * recordsPerFault, seed, head);
    expect(numbers.length).toBe(2 * recordsPerFault - 2);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  });

  it('swap turns two neighbours round, once in 10,000', () => {
    const numbers = numbersThrough('swap', 2 * recordsPerFault, seed);
    const wrong = numbers.flatMap((number, place) => (number === place ? [] : [number - place]));
    expect(wrong).toEqual([1, -1, 1, -1]);
  });
});

it('the same seed makes the same faults', () => {
  const once = numbersThrough('drop', recordsPerFault, 7);
  expect(numbersThrough('drop', recordsPerFault, 7)).toEqual(once);
  expect(numbersThrough('drop', recordsPerFault, 8)).not.toEqual(once);
});
