import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRelayUrl } from '../relay-url.js';
import { connectThrough } from './proxy.js';

const proxy = { host: 'proxy.test', port: 3128, authorization: undefined };
const url = parseRelayUrl('tls://relay.test:4433');

/** The proxy's side: sends these bytes, then ends. */
function answering(bytes: Uint8Array, pieceBytes: number): Duplex {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return new Duplex({
    allowHalfOpen: false,
    write: (_chunk, _encoding, done) => done(),
    read() {
      this.push(pieces.shift() ?? null);
    },
  });
}

test('mutated answers of a proxy are refused, or what stands behind them is left for TLS', async () => {
  const valid = fc.constantFrom(
    ...[
      'HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\nbehind',
      'HTTP/1.0 407 Proxy Authentication Required\r\n\r\n',
    ].map((text) => Buffer.from(text)),
  );
  const recipes = fc.uint8Array({ minLength: 1, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(
      valid,
      valid,
      recipes,
      fc.integer({ min: 1, max: 60 }),
      async (one, other, recipe, size) => {
        const mutated = Buffer.from(mutate(one, other, recipe));
        const socket = answering(mutated, size);
        try {
          await connectThrough(socket as unknown as Socket, proxy, url);
          const rest = await socket.toArray();
          expect(mutated.subarray(mutated.indexOf('\r\n\r\n') + 4)).toEqual(Buffer.concat(rest));
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'TransportError', code: 'proxy_refused' });
        }
      },
    ),
    { numRuns: runsOf(process.env, 300) },
  );
});
