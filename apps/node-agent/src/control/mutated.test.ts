import { atom, atomMap, binary, encodeTerm, tuple } from '@macula/dist-protocol';
import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJoinOptions } from '../service/join-options.js';
import { readTunnelSettings } from '../tunnel-settings.js';
import { ControlError } from './control-error.js';
import { decodeBeamMessage } from './decode.js';
import { FrameReader, frame } from './frame-reader.js';

const join = encodeTerm(
  tuple(
    atom('join'),
    1,
    atomMap({
      relays: [binary('https://relay.example.org:4433'), binary('quic://[::1]:1')],
      realm: binary('io.macula'),
      identity: atom('undefined'),
      tls_verify: atom('none'),
      connect_timeout: 10_000,
      persistent: atom('true'),
      reconnect_interval: 2000,
      dist_timeout: 25_000,
    }),
  ),
);
const ping = encodeTerm(tuple(atom('ping'), 7));
const defaults = readTunnelSettings({}, () => undefined);
const recipe = fc.uint8Array({ minLength: 1, maxLength: 24 });

describe('mutated bytes', () => {
  test('of a join are a message or a ControlError, and its options are options or bad_option', () => {
    fc.assert(
      fc.property(recipe, (how) => {
        const body = mutate(join, ping, how);
        try {
          const message = decodeBeamMessage(body);
          if (message.kind !== 'join') return;
          const options = parseJoinOptions(message.options, defaults);
          if ('code' in options) expect(options.code).toBe('bad_option');
          else expect(options.relays.length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ControlError);
        }
      }),
      { numRuns: runsOf(process.env, 4000) },
    );
  });

  test.each([2, 4] as const)('of frames with a length of %i bytes are frames or bad_frame', (prefixBytes) => {
    const stream = Buffer.concat([frame(prefixBytes, new Uint8Array(32).fill(7)), frame(prefixBytes, ping)]);
    fc.assert(
      fc.property(recipe, fc.integer({ min: 1, max: 40 }), (how, size) => {
        const mutated = mutate(stream, stream, how);
        const reader = new FrameReader({ prefixBytes, bodyBytesMax: 32 });
        let seen = 0;
        try {
          for (let at = 0; at < mutated.length; at += size) {
            reader.push(mutated.slice(at, at + size));
            for (let body = reader.next(); body !== undefined; body = reader.next()) {
              expect(body.length).toBeLessThanOrEqual(32);
              seen += prefixBytes + body.length;
            }
            expect(seen + reader.bufferedBytes).toBe(Math.min(at + size, mutated.length));
            expect(reader.bufferedBytes).toBeLessThan(prefixBytes + 32);
          }
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'ControlError', code: 'bad_frame' });
        }
      }),
      { numRuns: runsOf(process.env, 3000) },
    );
  });
});
