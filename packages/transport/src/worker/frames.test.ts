import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FrameReader, FrameType } from './frames.js';

test('the layout of a frame', () => {
  const bytes = Buffer.concat(encodeFrame(FrameType.credit, 2, 5, Buffer.from([0, 1, 0, 0])));
  //                                    length     ty connection stream   payload
  expect(bytes.toString('hex')).toBe('0000000d' + '13' + '00000002' + '00000005' + '00010000');
});

test('frames come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 5000 })),
      ),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (frames, cuts) => {
        const all = Buffer.concat(
          frames.flatMap(([type, connection, stream, payload]) =>
            encodeFrame(type as 1, connection, stream, payload),
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
