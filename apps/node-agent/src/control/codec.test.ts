import { atom, atomMap, binary, encodeTerm, tuple } from '@macula/dist-protocol';
import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ControlError } from './control-error.js';
import { decodeBeamMessage } from './decode.js';
import { clipText, encodeAgentMessage, plainTerm } from './encode.js';
import { FrameReader, frame } from './frame-reader.js';
import type { AgentMessage } from './messages.js';

/** `term_to_binary/1` of OTP 25.2.3. */
const fromOtp = {
  hello:
    '83680264000568656c6c6f740000000564000b6170705f76657273696f6e6d00000005302e312e3064000c6e65745f7469636b74696d6561786400066f735f7069646d00000002343264000b6f74705f72656c656173656d00000002323564000870726f746f636f6c6101',
  listening:
    '8368026400096c697374656e696e6774000000026400076164647265737368026400056c6f63616c6d0000000f2f746d702f6d6163756c612d782f736400046e6f64656d00000003614068',
  not_listening: '83680164000d6e6f745f6c697374656e696e67',
  /** `{ping, 1 bsl 62}` */
  ping: '83680264000470696e676e08000000000000000040',
  connect:
    '836803640007636f6e6e656374610774000000046400036b65796d0000002002020202020202020202020202020202020202020202020202020202020202026400046e6f64656d0000000362406864000473656c666d00000003614068640005746f6b656e6d000000200101010101010101010101010101010101010101010101010101010101010101',
  refuse: '836803640006726566757365610364000b6e6f745f616c6c6f776564',
  closed:
    '836802640006636c6f7365646d000000200909090909090909090909090909090909090909090909090909090909090909',
} as const;

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('messages of a BEAM', () => {
  test('as OTP encodes them', () => {
    expect(decodeBeamMessage(bytes(fromOtp.hello))).toEqual({
      kind: 'hello',
      protocol: 1,
      appVersion: '0.1.0',
      otpRelease: '25',
      netTicktime: 120,
      osPid: '42',
    });
    expect(decodeBeamMessage(bytes(fromOtp.listening))).toEqual({
      kind: 'listening',
      node: 'a@h',
      address: { kind: 'local', path: '/tmp/macula-x/s' },
    });
    expect(decodeBeamMessage(bytes(fromOtp.not_listening))).toEqual({ kind: 'not_listening' });
    expect(decodeBeamMessage(bytes(fromOtp.ping))).toEqual({ kind: 'ping', number: 1n << 62n });
    expect(decodeBeamMessage(bytes(fromOtp.connect))).toEqual({
      kind: 'connect',
      id: 7,
      node: 'b@h',
      self: 'a@h',
      token: new Uint8Array(32).fill(1),
      key: new Uint8Array(32).fill(2),
    });
    expect(decodeBeamMessage(bytes(fromOtp.refuse))).toEqual({
      kind: 'refuse',
      id: 3,
      reason: 'not_allowed',
    });
    expect(decodeBeamMessage(bytes(fromOtp.closed))).toEqual({
      kind: 'closed',
      tunnelId: new Uint8Array(32).fill(9),
    });
  });

  test('nothing refers to the frame, which is wiped', () => {
    const body = bytes(fromOtp.connect);
    const message = decodeBeamMessage(body);
    body.fill(0);
    expect(message).toMatchObject({ key: new Uint8Array(32).fill(2) });
    const join = encodeTerm(
      tuple(atom('join'), 1, atomMap({ relays: [binary('https://x')], realm: binary('r') })),
    );
    const joined = decodeBeamMessage(join);
    join.fill(0);
    expect(joined).toEqual({
      kind: 'join',
      ref: 1,
      options: atomMap({ relays: [binary('https://x')], realm: binary('r') }),
    });
  });

  test('an unknown tag is a message of its own', () => {
    expect(decodeBeamMessage(encodeTerm(tuple(atom('constructor'), 1)))).toEqual({
      kind: 'unknown',
      tag: 'constructor',
    });
  });

  test.each([
    ['no tuple', atom('ping')],
    ['no atom first', tuple(1, 2)],
    ['an empty tuple', tuple()],
    ['a wrong arity', tuple(atom('ping'), 1, 2)],
    ['a wrong type', tuple(atom('ping'), binary('1'))],
    ['a missing key', tuple(atom('listening'), atomMap({ node: binary('a@h') }))],
    [
      'no UTF-8',
      tuple(atom('listening'), atomMap({ node: Uint8Array.of(0xff), address: tuple(atom('tcp'), 1) })),
    ],
    [
      'a short token',
      tuple(atom('accept'), 1, atomMap({ token: new Uint8Array(31), key: new Uint8Array(32) })),
    ],
    [
      'a port of 0',
      tuple(atom('listening'), atomMap({ node: binary('a@h'), address: tuple(atom('tcp'), 0) })),
    ],
    [
      'a relative path',
      tuple(
        atom('listening'),
        atomMap({ node: binary('a@h'), address: tuple(atom('local'), binary('x/s')) }),
      ),
    ],
    [
      'a path of 108 bytes',
      tuple(
        atom('listening'),
        atomMap({ node: binary('a@h'), address: tuple(atom('local'), binary(`/${'x'.repeat(107)}`)) }),
      ),
    ],
  ])('%s is bad_message', (_, term) => {
    expect(codeOf(() => decodeBeamMessage(encodeTerm(term)))).toBe('bad_message');
  });

  test.each([
    ['nothing', ''],
    ['half a term', fromOtp.hello.slice(0, 60)],
    ['bytes behind the term', `${fromOtp.not_listening}00`],
    ['an integer of nine bytes', '83680264000470696e676e0900000000000000000001'],
    ['deep nesting', `83${'6801'.repeat(20)}6a`],
  ])('%s is bad_term', (_, hex) => {
    expect(codeOf(() => decodeBeamMessage(bytes(hex)))).toBe('bad_term');
  });

  test('a mutated message is a message or a ControlError', () => {
    const valid = fc.constantFrom(...Object.values(fromOtp)).map(bytes);
    const change = fc.tuple(
      fc.nat(400),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom('set', 'cut', 'insert'),
    );
    fc.assert(
      fc.property(valid, fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
        let mutated = [...original];
        for (const [position, byte, how] of changes) {
          const at = position % (mutated.length + 1);
          if (how === 'set' && at < mutated.length) mutated[at] = byte;
          if (how === 'cut') mutated = mutated.slice(0, at);
          if (how === 'insert') mutated.splice(at, 0, byte);
        }
        codeOf(() => decodeBeamMessage(Uint8Array.from(mutated)));
      }),
      { numRuns: runsOf(process.env, 3000) },
    );
  });

  test('any bytes are a message or a ControlError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        codeOf(() => decodeBeamMessage(tail));
        codeOf(() => decodeBeamMessage(Uint8Array.of(131, 104, 2, 119, 4, ...Buffer.from('join'), ...tail)));
      }),
    );
  });
});

describe('messages of the agent', () => {
  test.each<[string, AgentMessage, Parameters<typeof encodeTerm>[0]]>([
    [
      'hello',
      { kind: 'hello', agentVersion: '1', osPid: 5, address: { kind: 'tcp', port: 9 } },
      tuple(
        atom('hello'),
        atomMap({ protocol: 1, agent_version: binary('1'), os_pid: 5, address: tuple(atom('tcp'), 9) }),
      ),
    ],
    ['pong', { kind: 'pong', number: 1n << 62n }, tuple(atom('pong'), 1n << 62n)],
    ['reply', { kind: 'reply', ref: 1, result: { kind: 'ok' } }, tuple(atom('reply'), 1, atom('ok'))],
    [
      'bad_option',
      {
        kind: 'reply',
        ref: 1,
        result: { kind: 'error', error: { code: 'bad_option', name: 'relays', why: 'no' } },
      },
      tuple(
        atom('reply'),
        1,
        tuple(atom('error'), tuple(atom('bad_option'), tuple(atom('relays'), binary('no')))),
      ),
    ],
    [
      'incoming',
      { kind: 'incoming', id: 3, peer: 'é@h' },
      tuple(atom('incoming'), 3, atomMap({ peer: binary('é@h') })),
    ],
    [
      'tunnel_detached',
      { kind: 'tunnel_detached', tunnelId: Uint8Array.of(1), windowMs: 5, reason: 'silent' },
      tuple(atom('tunnel_detached'), Uint8Array.of(1), atomMap({ window_ms: 5, reason: atom('silent') })),
    ],
    [
      'tunnel_resumed',
      { kind: 'tunnel_resumed', tunnelId: Uint8Array.of(1), afterMs: 7, reattachments: 2 },
      tuple(atom('tunnel_resumed'), Uint8Array.of(1), atomMap({ after_ms: 7, reattachments: 2 })),
    ],
    [
      'event',
      { kind: 'event', event: 'x', level: 'info', text: 't', details: { relay: binary('r') } },
      tuple(atom('event'), atom('x'), atom('info'), atomMap({ relay: binary('r'), text: binary('t') })),
    ],
    [
      'error',
      { kind: 'error', code: 'bad_term', text: 'x' },
      tuple(atom('error'), atom('bad_term'), binary('x')),
    ],
  ])('%s', (_, message, term) => {
    expect(encodeAgentMessage(message)).toEqual(frame(4, encodeTerm(term)));
  });

  test('plain data', () => {
    expect(plainTerm({ rttMs: 1.6, none: undefined, on: true, list: ['a'] })).toEqual(
      atomMap({ rtt_ms: 2, none: atom('undefined'), on: atom('true'), list: [binary('a')] }),
    );
  });

  test('texts are clipped', () => {
    expect(clipText('x'.repeat(5000))).toHaveLength(1000);
  });
});

describe('frames', () => {
  test('come out whole, whatever the pieces', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });
    fc.assert(
      fc.property(
        bodies,
        fc.constantFrom(2 as const, 4 as const),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (sent, prefixBytes, sizes) => {
          const reader = new FrameReader({ prefixBytes, bodyBytesMax: 300 });
          let rest: Uint8Array = Buffer.concat(sent.map((body) => frame(prefixBytes, body)));
          const received: Uint8Array[] = [];
          for (let turn = 0; rest.length > 0; turn++) {
            const size = sizes[turn % (sizes.length || 1)] ?? 1;
            reader.push(Uint8Array.from(rest.subarray(0, size)));
            rest = rest.subarray(size);
            for (let body = reader.next(); body !== undefined; body = reader.next()) received.push(body);
          }
          expect(received).toEqual(sent);
          expect(reader.bufferedBytes).toBe(0);
        },
      ),
    );
  });

  test('one that is too long is refused by its length alone', () => {
    const reader = new FrameReader({ prefixBytes: 4, bodyBytesMax: 10 });
    reader.push(Uint8Array.of(0, 0, 0, 11));
    expect(codeOf(() => reader.next())).toBe('bad_frame');
  });
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ControlError);
    return (thrown as ControlError).code;
  }
}
