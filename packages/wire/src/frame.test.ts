import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRawFrame, FrameReader } from './frame.js';
import { frameBytesMax } from './limits.js';

describe('frames', () => {
  it('has the documented layout', () => {
    // length 3 = type + two bytes of body
    expect([...encodeRawFrame(7, Uint8Array.of(0xaa, 0xbb))]).toEqual([0, 0, 0, 3, 7, 0xaa, 0xbb]);
  });

  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ type: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 300 }) }),
        ),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = Uint8Array.from(frames.flatMap(({ type, body }) => [...encodeRawFrame(type, body)]));
          const reader = new FrameReader();
          const seen: { type: number; body: number[] }[] = [];
          for (let at = 0, cut = 0; at < bytes.length; cut++) {
            const size = cuts[cut % cuts.length]!;
            reader.push(bytes.slice(at, at + size));
            at += size;
            for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
              seen.push({ type: frame.type, body: [...frame.body] });
            }
          }
          expect(seen).toEqual(frames.map(({ type, body }) => ({ type, body: [...body] })));
          expect(reader.bufferedBytes).toBe(0);
        },
      ),
    );
  });

  it('gives back what lies behind a frame', () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.of(...encodeRawFrame(1, new Uint8Array(0)), 9, 8, 7));
    expect(reader.next()?.type).toBe(1);
    expect([...reader.takeRest()]).toEqual([9, 8, 7]);
    expect(reader.bufferedBytes).toBe(0);
  });

  it.each([0, frameBytesMax + 1, 0xffff_ffff])('refuses length %i before buffering the body', (length) => {
    const reader = new FrameReader();
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, length);
    reader.push(header);
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'bad_frame_length' }));
  });

  it('does not encode a frame it would refuse', () => {
    expect(() => encodeRawFrame(1, new Uint8Array(frameBytesMax))).toThrow(RangeError);
  });
});
