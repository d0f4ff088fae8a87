import { heldBytes, mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pair } from '../test/pair.js';
import { decodeAttachAnswer, encodeAttachAnswer } from './attach/attach-answer.js';
import { concatBytes } from './bytes.js';
import { TunnelError } from './errors.js';
import { decodeAnswer, encodeAnswer, encodeAnswerHead } from './handshake/answer.js';
import { decodeOffer, encodeOffer } from './handshake/offer.js';
import { decodeRecord, encodeRecord, type TunnelRecord } from './record-codec.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const recipe = fc.uint8Array({ minLength: 1, maxLength: 24 });
const count = (runs: number) => ({ numRuns: runsOf(process.env, runs) });

const offer = fc.oneof(
  fc.record({
    kind: fc.constant('first' as const),
    versions: fc.uint8Array({ minLength: 1, maxLength: 16 }),
    epoch: fc.constant(0),
    idHalf: bytes(16),
    share: bytes(32),
  }),
  fc.record({
    kind: fc.constant('attach' as const),
    versions: fc.uint8Array({ minLength: 1, maxLength: 16 }),
    epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
    tunnelId: bytes(32),
    message1: bytes(48),
  }),
  fc.record({ kind: fc.constant('envelope' as const), idHalf: bytes(16) }),
);
const answer = fc.oneof(
  fc
    .record({
      idHalf: bytes(16),
      bootId: bytes(16),
      share: bytes(32),
      message1: fc.uint8Array({ maxLength: 99 }),
    })
    .map(({ idHalf, bootId, ...rest }) =>
      encodeAnswer({ head: encodeAnswerHead({ version: 2, idHalf, bootId }), ...rest }),
    ),
  fc.record({ version: fc.constant(1 as const), idHalf: bytes(16), bootId: bytes(16) }).map(encodeAnswerHead),
);
const records: readonly TunnelRecord[] = [
  { kind: 'data', start: 0x1_0000_0002, bytes: [Uint8Array.of(1, 2, 3, 4, 5)] },
  { kind: 'ack', received: 3, edge: 0x10_0003 },
  { kind: 'fin', offset: 2 ** 53 - 1 },
  { kind: 'end', code: 38, text: 'bye' },
  { kind: 'ping', number: 1 },
  { kind: 'ready', ticktimeSeconds: 120, edge: 65_536, windowMs: 30_000 },
  { kind: 'attach', received: 4, edge: 0x10_0004 },
  { kind: 'gone', code: 264, text: 'over' },
  { kind: 'relays', relays: ['https://a.example', 'tls://b.example:4433#id=x'] },
];
const record = fc.constantFrom(...records.map((value) => concatBytes(encodeRecord(value))));

/** What `decode` makes of the bytes; undefined when it refuses them as it should. */
function decoded<T>(decode: (bytes: Uint8Array) => T, mutated: Uint8Array): T | undefined {
  try {
    const value = decode(mutated);
    expect(heldBytes(value)).toBeLessThanOrEqual(mutated.length + 64);
    return value;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TunnelError);
    return undefined;
  }
}

describe('mutated bytes', () => {
  it('of an offer are an offer or a TunnelError', () => {
    fc.assert(
      fc.property(offer.map(encodeOffer), offer.map(encodeOffer), recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const value = decoded(decodeOffer, mutated);
        if (value === undefined) return;
        // What a later version appends is ignored.
        const again = encodeOffer(value);
        expect(again).toEqual(mutated.subarray(0, again.length));
      }),
      count(3000),
    );
  });

  it('of an answer are an answer or a TunnelError', () => {
    fc.assert(
      fc.property(answer, answer, recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const value = decoded(decodeAnswer, mutated);
        if (value === undefined) return;
        const again =
          value.kind === 'first' ? encodeAnswer(value) : encodeAnswerHead({ version: 1, ...value });
        expect(again).toEqual(mutated);
      }),
      count(3000),
    );
  });

  it('of an attach answer are an attach answer or a TunnelError', () => {
    const attachAnswer = bytes(48).map(encodeAttachAnswer);
    fc.assert(
      fc.property(attachAnswer, attachAnswer, recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const value = decoded(decodeAttachAnswer, mutated);
        if (value !== undefined) expect(encodeAttachAnswer(value)).toEqual(mutated);
      }),
      count(1000),
    );
  });

  it('of a record are a record or a TunnelError', () => {
    fc.assert(
      fc.property(record, record, recipe, (valid, other, how) => {
        const mutated = mutate(valid, other, how);
        const value = decoded((all) => decodeRecord([all]), mutated);
        if (value === undefined) return;
        const again = decodeRecord([concatBytes(encodeRecord(value))]);
        if (value.kind === 'data' && again.kind === 'data')
          expect(concatBytes(again.bytes)).toEqual(concatBytes(value.bytes));
        // A text that was no UTF-8 has become longer, and may be cut.
        else if (value.kind === 'end' || value.kind === 'gone')
          expect(again).toMatchObject({ kind: value.kind, code: value.code });
        else expect(again).toEqual(value);
      }),
      count(3000),
    );
  });

  it('of a whole path end the tunnel, and what was delivered before was sent', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.nat(2000), (how, size) => {
        const pair = Pair.up();
        const sent = Uint8Array.from({ length: 100 + size }, (_, index) => index % 251);
        pair.initiator.tunnel.handleLocalData(sent, pair.nowMs);
        pair.initiator.flush(pair.nowMs);
        const wire = pair.initiator.takeWire(Number.POSITIVE_INFINITY);
        pair.responder.tunnel.handlePathData(0, mutate(wire, wire, how), pair.nowMs);
        pair.responder.drainOutputs();
        const { received } = pair.responder;
        expect(received).toEqual(sent.subarray(0, received.length));
      }),
      count(150),
    );
  });
});
