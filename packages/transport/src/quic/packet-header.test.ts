import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePacketHeader } from './packet-header.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Headers as RFC 9000 section 17 lays them out, and some bytes of what follows. */
const initial = hex('c3 00000001 04 11223344 03 aabbcc 02 0102 0040 00000000');
const retried = hex('c3 00000001 04 11223344 03 aabbcc 4002 0304 0040 00000000');
const handshake = hex('e3 00000001 04 11223344 03 aabbcc 0040 00000000');
const short = hex(`43 ${'07'.repeat(40)}`);

test('the parts of a header', () => {
  expect(parsePacketHeader(initial)).toEqual({
    kind: 'long',
    version: 1,
    isInitial: true,
    destinationId: hex('11223344'),
    sourceId: hex('aabbcc'),
    token: hex('0102'),
  });
  expect(parsePacketHeader(retried)).toMatchObject({ token: hex('0304') });
  expect(parsePacketHeader(handshake)).toMatchObject({ isInitial: false, token: hex('') });
  expect(parsePacketHeader(short)).toMatchObject({ kind: 'short' });
  expect(parsePacketHeader(hex(''))).toBeUndefined();
});

test('mutated headers are none, or views into the packet', () => {
  const valid = fc.constantFrom(initial, retried, handshake, short);
  fc.assert(
    fc.property(valid, valid, fc.uint8Array({ minLength: 1, maxLength: 16 }), (one, other, recipe) => {
      const packet = Buffer.from(mutate(one, other, recipe));
      const header = parsePacketHeader(packet);
      if (header === undefined) return;
      const views =
        header.kind === 'short'
          ? [header.destinationId]
          : [header.destinationId, header.sourceId, header.token];
      expect(views.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(packet.length);
      for (const view of views) expect(view.buffer).toBe(packet.buffer);
    }),
    { numRuns: runsOf(process.env, 5000) },
  );
});
