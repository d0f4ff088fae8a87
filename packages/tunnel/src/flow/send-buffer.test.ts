import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes.js';
import { SendBuffer } from './send-buffer.js';

const step = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), size: fc.oneof(fc.nat(50), fc.nat(20_000)) }),
  fc.record({ kind: fc.constant('take' as const), size: fc.nat(30_000) }),
  fc.record({ kind: fc.constant('ack' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

/** Byte n of the stream is n modulo 251; returns the offset behind the pieces. */
function requirePattern(pieces: readonly Uint8Array[], from: number): number {
  const bytes = concatBytes(pieces);
  const wrong = bytes.findIndex((byte, index) => byte !== (from + index) % 251);
  if (wrong >= 0) throw new Error(`wrong byte at ${from + wrong}`);
  return from + bytes.length;
}

describe('send buffer', () => {
  it('gives back what was written, whatever is taken and acknowledged between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffer = new SendBuffer();
        let written = 0;
        let taken = 0;
        for (const one of steps) {
          if (one.kind === 'write') {
            buffer.write(Uint8Array.from({ length: one.size }, (_, index) => (written + index) % 251));
            written += one.size;
          } else if (one.kind === 'take') {
            taken = requirePattern(buffer.take(one.size), taken);
          } else {
            const { acked, sent } = buffer;
            buffer.acknowledge(acked + Math.floor((sent - acked) * one.part));
          }
          expect([buffer.end, buffer.sent]).toEqual([written, taken]);
        }
        taken = requirePattern(buffer.take(written), taken);
        expect(taken).toBe(written);
      }),
    );
  });

  it('keeps small writes in few chunks', () => {
    const buffer = new SendBuffer();
    for (let index = 0; index < 16_384; index++) buffer.write(Uint8Array.of(index));
    expect(buffer.take(16_384)).toHaveLength(1);
  });
});
