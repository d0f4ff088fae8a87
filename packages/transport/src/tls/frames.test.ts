import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TransportError } from '../errors.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import type { Frame } from './frames.js';

const vectors: readonly { readonly frame: Frame; readonly hex: string }[] = [
  //                                                                        ty length stream     payload
  { frame: { kind: 'data', stream: 2, bytes: Buffer.from('hi') }, hex: '01 000002 00000002 6869' },
  { frame: { kind: 'open', stream: 5 }, hex: '02 000000 00000005' },
  { frame: { kind: 'end', stream: 5 }, hex: '03 000000 00000005' },
  { frame: { kind: 'reset', stream: 5, code: 42 }, hex: '04 000008 00000005 000000000000002a' },
  { frame: { kind: 'reset', stream: 5, code: 2 ** 53 - 1 }, hex: '04 000008 00000005 001fffffffffffff' },
  { frame: { kind: 'credit', stream: 4, bytes: 262_144 }, hex: '05 000004 00000004 00040000' },
  { frame: { kind: 'streams', count: 64 }, hex: '06 000004 00000000 00000040' },
  { frame: { kind: 'ping', token: 1 }, hex: '07 000004 00000000 00000001' },
  { frame: { kind: 'pong', token: 1 }, hex: '08 000004 00000000 00000001' },
  { frame: { kind: 'close', code: 7, reason: 'bye' }, hex: '09 00000b 00000000 0000000000000007 627965' },
];

const ids = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('data' as const),
    stream: fc.constantFrom(0, 1, 2),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  }),
  fc.record({ kind: fc.constantFrom('open' as const, 'end' as const), stream: ids }),
  fc.record({ kind: fc.constant('reset' as const), stream: ids, code: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('credit' as const), stream: ids, bytes: ids }),
  fc.record({ kind: fc.constant('streams' as const), count: ids }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), token: ids }),
  fc.record({
    kind: fc.constant('close' as const),
    code: fc.maxSafeNat(),
    reason: fc.string({ maxLength: 200 }),
  }),
);
const cuts = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 });

function encode(list: readonly Frame[]): Buffer {
  const writer = new FrameWriter();
  for (const frame of list) writer.write(frame);
  return Buffer.concat(writer.takeBuffers());
}

function decode(bytes: Buffer, sizes: readonly number[]): Frame[] {
  const reader = new FrameReader();
  const list: Frame[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + sizes[turn % sizes.length]!;
    reader.handleChunk(bytes.subarray(at, end));
    for (let frame = reader.pollFrame(); frame; frame = reader.pollFrame()) list.push(frame);
    at = end;
  }
  return list;
}

/** Parts of data in a row are one. */
function merged(list: readonly Frame[]): unknown[] {
  const whole: unknown[] = [];
  let data: { stream: number; hex: string } | undefined;
  for (const frame of list) {
    if (frame.kind !== 'data') {
      data = undefined;
      whole.push(frame);
      continue;
    }
    const hex = Buffer.from(frame.bytes).toString('hex');
    if (data?.stream === frame.stream) data.hex += hex;
    else whole.push((data = { stream: frame.stream, hex }));
  }
  return whole;
}

describe('frames', () => {
  test.each(vectors)('$hex', ({ frame, hex }) => {
    const bytes = encode([frame]);
    expect(bytes.toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(decode(bytes, [bytes.length])).toEqual([frame]);
  });

  test('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frames), cuts, (list, sizes) => {
        expect(merged(decode(encode(list), sizes))).toEqual(merged(list));
      }),
    );
  });

  test('data of one stream in a row shares a header, up to the end of the buffer', () => {
    const piece = { kind: 'data', stream: 0, bytes: Buffer.alloc(10) } as const;
    expect(encode(Array.from({ length: 100 }, () => piece))).toHaveLength(8 + 1000);
    const large = { kind: 'data', stream: 0, bytes: Buffer.alloc(200_000) } as const;
    expect(encode([large])).toHaveLength(200_000 + 4 * 8);
  });

  test('a reason that is too long is cut', () => {
    const [frame] = decode(encode([{ kind: 'close', code: 1, reason: 'x'.repeat(5000) }]), [100]);
    expect(frame).toEqual({ kind: 'close', code: 1, reason: 'x'.repeat(1024) });
  });

  test.each([
    ['unknown type', '0a 000000 00000000'],
    ['type 0', '00 000000 00000000'],
    ['data without bytes', '01 000000 00000000'],
    ['too much data', '01 010001 00000000'],
    ['open with a payload', '02 000001 00000000 00'],
    ['short reset', '04 000004 00000000 00000000'],
    ['code above 2^53', '04 000008 00000000 0020000000000000'],
    ['long credit', '05 000005 00000000 0000000000'],
    ['ping with a stream', '07 000004 00000001 00000000'],
    ['close without a code', '09 000000 00000000'],
    ['endless reason', '09 000409 00000000'],
  ])('malformed: %s', (_, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(() => decode(bytes, [bytes.length])).toThrow(
      expect.objectContaining({ code: 'protocol_violation' }),
    );
  });

  test('mutated frames are read or are a protocol violation', () => {
    const spots = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(frames, { minLength: 1 }), cuts, spots, (list, sizes, mutations) => {
        const bytes = encode(list);
        for (const [at, value] of mutations) bytes[at % bytes.length] = value;
        try {
          decode(bytes, sizes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(TransportError);
        }
      }),
    );
  });
});
