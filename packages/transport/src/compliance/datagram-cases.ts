import { describe, expect, test, vi } from 'vitest';
import type { Bench } from './describe-transport.js';

/** Datagrams that surely don't all wait at once. */
const manyDatagrams = 10_000;

/** What datagrams promise, and what a transport without them answers. */
export function datagramCases(bench: Bench): void {
  describe('datagrams', () => {
    if (bench.under.hasDatagrams === false) {
      test('there are none', async () => {
        const { dialer, listener } = await bench.connect();
        for (const { connection } of [dialer, listener]) {
          expect(connection.datagramBytesMax).toBe(0);
          expect(connection.sendDatagram(Buffer.from('x'))).toBe(false);
          expect(connection.sendDatagram(Buffer.alloc(0))).toBe(false);
        }
      });
      return;
    }

    test('up to the largest size they pass, both ways; larger ones are refused', async () => {
      const { dialer, listener } = await bench.connect();
      for (const [from, to] of [
        [dialer, listener],
        [listener, dialer],
      ] as const) {
        const { connection } = from;
        const bytesMax = connection.datagramBytesMax;
        expect(bytesMax).toBeGreaterThan(1000);
        expect(connection.sendDatagram(Buffer.alloc(bytesMax + 1, 2))).toBe(false);
        expect(connection.sendDatagram(Buffer.alloc(100_000, 2))).toBe(false);
        for (const length of [1, 1000, bytesMax]) {
          expect(connection.sendDatagram(Buffer.alloc(length, 1))).toBe(true);
          expect(Buffer.from(await to.datagrams.next())).toEqual(Buffer.alloc(length, 1));
        }
      }
    });

    test('a closed connection takes none', async () => {
      const { dialer, listener } = await bench.connect();
      dialer.connection.close(0, '');
      await listener.closed;
      for (const { connection } of [dialer, listener]) {
        expect(connection.datagramBytesMax).toBe(0);
        expect(connection.sendDatagram(Buffer.from('x'))).toBe(false);
      }
    });

    if (!bench.under.usesSockets) return; // what follows is about real networks
    test('a full queue refuses more, until it has drained', async () => {
      const { dialer, listener } = await bench.connect();
      const { connection } = dialer;
      let taken = 0;
      while (taken < manyDatagrams && connection.sendDatagram(Buffer.alloc(1000))) taken++;
      expect(taken).toBeGreaterThan(100);
      expect(taken).toBeLessThan(manyDatagrams);
      await listener.datagrams.next();
      await vi.waitFor(() => expect(connection.sendDatagram(Buffer.from('more'))).toBe(true), {
        interval: 1,
      });
      // Streams are not held up by what was refused.
      const stream = connection.openStream();
      stream.write(Buffer.from('x'));
      await listener.streams.next();
    });
  });
}
