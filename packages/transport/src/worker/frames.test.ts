import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeJson,
  encodeDoubles,
  encodeFrame,
  encodeJson,
  encodeUint32,
  FrameReader,
  FrameType,
} from './frames.js';
import { readStreamMessage } from './messages.js';

test('the layout of a frame', () => {
  const bytes = Buffer.concat(encodeFrame(FrameType.credit, 2, 5, Buffer.from([0, 1, 0, 0])));
  //                                    length     ty connection stream   payload
  expect(bytes.toString('hex')).toBe('0000000d' + '13' + '00000002' + '00000005' + '00010000');
});

test('frames come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom(FrameType.data, FrameType.datagram, FrameType.closed),
          fc.nat(),
          fc.nat(),
          fc.uint8Array({ maxLength: 5000 }),
        ),
      ),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (frames, cuts) => {
        const all = Buffer.concat(
          frames.flatMap(([type, connection, stream, payload]) =>
            encodeFrame(type, connection, stream, payload),
          ),
        );
        const reader = new FrameReader();
        const seen: unknown[] = [];
        for (let at = 0, cut = 0; at < all.length; cut++) {
          const end = at + cuts[cut % cuts.length]!;
          for (const frame of reader.push(all.subarray(at, end))!)
            seen.push({ ...frame, payload: [...frame.payload] });
          at = end;
        }
        expect(seen).toEqual(
          frames.map(([type, connection, stream, payload]) => ({
            type,
            connection,
            stream,
            payload: [...payload],
          })),
        );
      },
    ),
  );
});

test('a length that none of ours has is malformed', () => {
  expect(new FrameReader().push(Buffer.from([0xff, 0, 0, 0, 0]))).toBeUndefined();
  expect(new FrameReader().push(Buffer.from([0, 0, 0, 8, 0]))).toBeUndefined();
});

test('an unknown type, and a payload that is not of its size, are malformed', () => {
  const bytesOf = (type: number, payload: Uint8Array) => Buffer.concat(encodeFrame(type as 1, 2, 5, payload));
  expect(new FrameReader().push(bytesOf(FrameType.reset, Buffer.alloc(8)))).toHaveLength(1);
  for (const [type, bytes] of [
    [0, 0],
    [22, 0],
    [FrameType.reset, 7],
    [FrameType.credit, 0],
    [FrameType.stats, 31],
    [FrameType.open, 0],
    [FrameType.unlisten, 5],
    [FrameType.heartbeat, 1],
  ] as const)
    expect(new FrameReader().push(bytesOf(type, Buffer.alloc(bytes)))).toBeUndefined();
});

test('mutated frames are frames that can be read, or malformed; no more is held than came', () => {
  const frame = fc.constantFrom(
    encodeFrame(FrameType.open, 2, 4, Buffer.of(1)),
    encodeFrame(FrameType.data, 2, 4, Buffer.from('some data')),
    encodeFrame(FrameType.reset, 2, 4, encodeDoubles(42)),
    encodeFrame(FrameType.credit, 2, 4, encodeUint32(65_536)),
    encodeFrame(FrameType.stats, 2, 0, encodeDoubles(1, 2, 3, Number.NaN)),
    encodeFrame(FrameType.closed, 2, 0, encodeJson({ kind: 'peer', code: 1, reason: 'bye' })),
  );
  const frames = fc.array(frame, { minLength: 1, maxLength: 4 }).map((list) => Buffer.concat(list.flat()));
  fc.assert(
    fc.property(frames, frames, fc.uint8Array({ minLength: 1, maxLength: 24 }), (valid, other, recipe) => {
      const mutated = Buffer.from(mutate(valid, other, recipe));
      const read = new FrameReader().push(mutated);
      if (read === undefined) return;
      expect(read.reduce((sum, { payload }) => sum + 13 + payload.length, 0)).toBeLessThanOrEqual(
        mutated.length,
      );
      for (const one of read) {
        expect(encodeFrame(one.type, one.connection, one.stream, one.payload)).toHaveLength(1);
        try {
          if (one.type === FrameType.closed) decodeJson(one.payload);
          else readStreamMessage(one);
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'TransportError', code: 'protocol_violation' });
        }
      }
    }),
    { numRuns: runsOf(process.env, 3000) },
  );
});
