import { heldBytes, mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf, recordOf } from '../test/mesh.js';
import {
  DirectoryError,
  type DirectoryMessage,
  decodeMessage,
  encodeMessage,
  messageBytes,
  recordBytes,
} from './index.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const record = recordOf('relay-1', 'a', { sessionSeq: 3, sinceMs: 1_700_000_000_000, epoch: 5, version: 9 });

const messages: readonly DirectoryMessage[] = [
  { kind: 'place', epoch: 5, sequence: 6, held: undefined, records: [], dropped: [] },
  {
    kind: 'place',
    epoch: 2 ** 53 - 1,
    sequence: 6,
    held: { from: 4, count: 2, digest: 2 ** 32 - 1 },
    records: [record, recordOf('relay-1', 'b', { version: 10 })],
    dropped: [hashOf('c'), hashOf('d')],
  },
  { kind: 'placed', epoch: 5, sequence: 6, status: 'ok' },
  { kind: 'placed', epoch: 5, sequence: 7, status: 'differs' },
  { kind: 'placed', epoch: 5, sequence: 8, status: 'full' },
  { kind: 'outdone', records: [record] },
  { kind: 'ask', query: 7, element: hashOf('a') },
  { kind: 'answer', query: 7, isSettled: true, record: undefined },
  { kind: 'answer', query: 8, isSettled: false, record },
];

describe('bytes', () => {
  it('of a small record message, field by field', () => {
    const small = {
      element: new Uint8Array(16).fill(1),
      identity: new Uint8Array(32).fill(2),
      bootId: new Uint8Array(16).fill(3),
      sessionSeq: 4,
      sinceMs: 5,
      epoch: 6,
      version: 7,
      relay: 'r8',
      signature: Uint8Array.of(9),
    };
    expect(hex(encodeMessage({ kind: 'answer', query: 10, isSettled: true, record: small }))).toBe(
      [
        '04', // answer
        '000000000000000a',
        '01', // settled
        '01'.repeat(16),
        '02'.repeat(32),
        '03'.repeat(16),
        '0000000000000004',
        '0000000000000005',
        '0000000000000006',
        '0000000000000007',
        '027238', // relay
        '0109', // signature
      ].join(''),
    );
    expect(hex(recordBytes(small))).toBe(
      [
        hex(new TextEncoder().encode('macula record 1 ')),
        '01'.repeat(16),
        '02'.repeat(32),
        '03'.repeat(16),
        '0000000000000004',
        '0000000000000005',
        '0000000000000006',
        '0000000000000007',
        '7238',
      ].join(''),
    );
  });

  it('of a place message, field by field', () => {
    const held = { from: 3, count: 4, digest: 5 };
    const dropped = [new Uint8Array(16).fill(6)];
    expect(hex(encodeMessage({ kind: 'place', epoch: 1, sequence: 2, held, records: [], dropped }))).toBe(
      [
        '00', // place
        '0000000000000001',
        '0000000000000002',
        '01', // held
        '0000000000000003',
        '00000004',
        '00000005',
        '01', // dropped
        '06'.repeat(16),
      ].join(''),
    );
  });

  it.each(messages)('round trip, in as many bytes as was said: %#', (message) => {
    const bytes = encodeMessage(message);
    expect(bytes.length).toBe(messageBytes(message));
    expect(decodeMessage(bytes)).toEqual(message);
    // What a shell reads is often a view of something larger.
    expect(decodeMessage(Buffer.concat([Buffer.of(1), bytes, Buffer.of(2)]).subarray(1, -1))).toEqual(
      message,
    );
  });

  it.each([
    ['nothing', ''],
    ['an unknown kind', '05'],
    ['half a number', '0100'],
    ['an unknown status', `01${'00'.repeat(16)}03`],
    ['something behind the end', `03${'00'.repeat(24)}00`],
    ['a flag that is none', `04${'00'.repeat(8)}02`],
    ['a number beyond 2^53', `03${'ff'.repeat(8)}${'00'.repeat(16)}`],
  ])('%s is invalid_message', (_, text) => {
    expect(() => decodeMessage(new Uint8Array(Buffer.from(text, 'hex')))).toThrow(
      expect.objectContaining({ code: 'invalid_message' }),
    );
  });

  it.each([
    ['65 records', { kind: 'outdone', records: Array.from({ length: 65 }, () => record) }],
    ['a relay with a blank', { kind: 'outdone', records: [{ ...record, relay: 'a b' }] }],
    ['a short element', { kind: 'ask', query: 1, element: new Uint8Array(15) }],
    ['a version below 0', { kind: 'outdone', records: [{ ...record, version: -1 }] }],
    ['a long signature', { kind: 'outdone', records: [{ ...record, signature: new Uint8Array(129) }] }],
  ] as const)('%s is not encoded', (_, message) => {
    expect(() => encodeMessage(message)).toThrow(DirectoryError);
  });

  it('D20: mutated bytes are a message, and exactly its encoding, or a DirectoryError', () => {
    const valid = messages.map((message) => encodeMessage(message));
    const recipe = fc.uint8Array({ minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(fc.constantFrom(...valid), fc.constantFrom(...valid), recipe, (one, other, how) => {
        const mutated = mutate(one, other, how);
        let message: DirectoryMessage;
        try {
          message = decodeMessage(mutated);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(DirectoryError);
          return;
        }
        expect(heldBytes(message)).toBeLessThanOrEqual(mutated.length + 16);
        expect(hex(encodeMessage(message))).toBe(hex(mutated));
      }),
      { numRuns: runsOf(process.env, 2_000) },
    );
  });
});
