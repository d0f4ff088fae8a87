import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeOf,
  fixedRandom,
  hex,
  join,
  propertyRuns,
  readVectors,
  seededRandom,
  unhex,
  utf8,
} from '../../test/support.js';
import { CryptoError } from '../errors.js';
import { CipherState } from './cipher-state.js';
import { NoiseNNpsk0, noiseMessageBytesMax, noiseOverheadBytes, noiseProtocolName } from './nnpsk0.js';
import { SymmetricState } from './symmetric-state.js';

interface NoiseVectors {
  readonly vectors: readonly {
    readonly origin: string;
    readonly protocol_name: string;
    readonly init_prologue: string;
    readonly init_psks: readonly string[];
    readonly init_ephemeral: string;
    readonly resp_prologue: string;
    readonly resp_psks: readonly string[];
    readonly resp_ephemeral: string;
    readonly handshake_hash?: string;
    readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
  }[];
}

describe('published vectors', () => {
  const { vectors } = readVectors<NoiseVectors>('noise-nnpsk0-25519-aesgcm-sha256.json');

  test('the file holds those of cacophony and of flynn/noise', () => {
    expect(vectors.map((vector) => vector.origin.split(' ')[0])).toEqual([
      'cacophony',
      'flynn/noise',
      'flynn/noise',
      'flynn/noise',
      'flynn/noise',
    ]);
    expect(vectors.filter((vector) => vector.handshake_hash !== undefined)).toHaveLength(1);
  });

  test.each(vectors.map((vector, index) => [index, vector.origin, vector] as const))(
    '%i: %s',
    (_, __, vector) => {
      expect(vector.protocol_name).toBe(noiseProtocolName);
      const initiator = new NoiseNNpsk0({
        role: 'initiator',
        prologue: unhex(vector.init_prologue),
        psk: unhex(vector.init_psks[0]!),
        random: fixedRandom(unhex(vector.init_ephemeral)),
      });
      const responder = new NoiseNNpsk0({
        role: 'responder',
        prologue: unhex(vector.resp_prologue),
        psk: unhex(vector.resp_psks[0]!),
        random: fixedRandom(unhex(vector.resp_ephemeral)),
      });
      const [first, second, ...transport] = vector.messages;

      expect(hex(initiator.writeMessage(unhex(first!.payload)))).toBe(first!.ciphertext);
      expect(hex(responder.readMessage(unhex(first!.ciphertext)))).toBe(first!.payload);
      expect(hex(responder.writeMessage(unhex(second!.payload)))).toBe(second!.ciphertext);
      expect(hex(initiator.readMessage(unhex(second!.ciphertext)))).toBe(second!.payload);

      const a = initiator.split();
      const b = responder.split();
      expect(hex(a.handshakeHash)).toBe(hex(b.handshakeHash));
      if (vector.handshake_hash !== undefined) expect(hex(a.handshakeHash)).toBe(vector.handshake_hash);

      expect(transport.length).toBeGreaterThanOrEqual(2);
      const directions = [
        { sender: new CipherState(a.sendKey), receiver: new CipherState(b.receiveKey) },
        { sender: new CipherState(b.sendKey), receiver: new CipherState(a.receiveKey) },
      ];
      const none = new Uint8Array(0);
      for (const [index, { payload, ciphertext }] of transport.entries()) {
        const { sender, receiver } = directions[index % 2]!;
        expect(hex(sender.encryptWithAd(none, unhex(payload)))).toBe(ciphertext);
        expect(hex(receiver.decryptWithAd(none, unhex(ciphertext)))).toBe(payload);
      }
    },
  );
});

const psk = unhex('42'.repeat(32));
const prologue = utf8('prologue');

function pair(responderOptions: { readonly psk?: Uint8Array; readonly prologue?: Uint8Array } = {}): {
  readonly initiator: NoiseNNpsk0;
  readonly responder: NoiseNNpsk0;
} {
  return {
    initiator: new NoiseNNpsk0({ role: 'initiator', prologue, psk, random: seededRandom('i') }),
    responder: new NoiseNNpsk0({
      role: 'responder',
      prologue,
      psk,
      random: seededRandom('r'),
      ...responderOptions,
    }),
  };
}

describe('a handshake', () => {
  test('gives crosswise equal keys, one handshake hash, one resumption secret, all different', () => {
    const { initiator, responder } = pair();
    responder.readMessage(initiator.writeMessage(utf8('one')));
    initiator.readMessage(responder.writeMessage(utf8('two')));
    expect([initiator.stage, responder.stage]).toEqual(['complete', 'complete']);
    const [a, b] = [initiator.split(), responder.split()];
    expect(hex(a.sendKey)).toBe(hex(b.receiveKey));
    expect(hex(a.receiveKey)).toBe(hex(b.sendKey));
    expect(hex(a.resumptionSecret)).toBe(hex(b.resumptionSecret));
    expect(hex(a.handshakeHash)).toBe(hex(b.handshakeHash));
    const all = [a.sendKey, a.receiveKey, a.resumptionSecret, a.handshakeHash].map(hex);
    expect(new Set(all).size).toBe(4);
    for (const value of all) expect(value).toHaveLength(64);
  });

  test('fresh ephemerals give fresh keys under one psk', () => {
    const keys = ['x', 'y'].map((seed) => {
      const { initiator } = pair();
      const responder = new NoiseNNpsk0({ role: 'responder', prologue, psk, random: seededRandom(seed) });
      responder.readMessage(initiator.writeMessage(utf8('')));
      initiator.readMessage(responder.writeMessage(utf8('')));
      const { sendKey, receiveKey, resumptionSecret } = initiator.split();
      return [sendKey, receiveKey, resumptionSecret].map(hex);
    });
    expect(new Set(keys.flat()).size).toBe(6);
  });

  test('carries payloads of any length up to the limit', () => {
    const longest = noiseMessageBytesMax - noiseOverheadBytes;
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 15, 16, 17, 1000, longest), fc.nat(2000), (first, second) => {
        const { initiator, responder } = pair();
        const message1 = initiator.writeMessage(new Uint8Array(first).fill(1));
        expect(message1).toHaveLength(first + noiseOverheadBytes);
        expect(hex(responder.readMessage(message1))).toBe('01'.repeat(first));
        const message2 = responder.writeMessage(new Uint8Array(second).fill(2));
        expect(hex(initiator.readMessage(message2))).toBe('02'.repeat(second));
      }),
      { ...propertyRuns, numRuns: 30 },
    );
    expect(codeOf(() => pair().initiator.writeMessage(new Uint8Array(longest + 1)))).toBe('bad_length');
  });
});

describe('refusals', () => {
  test('a wrong psk shows at message 1', () => {
    const { initiator, responder } = pair({ psk: unhex(`43${'42'.repeat(31)}`) });
    const message1 = initiator.writeMessage(utf8('hi'));
    expect(codeOf(() => responder.readMessage(message1))).toBe('decrypt_failed');
    expect(responder.stage).toBe('failed');
  });

  test('a different prologue shows at message 1', () => {
    const { initiator, responder } = pair({ prologue: utf8('prologuf') });
    const message1 = initiator.writeMessage(utf8('hi'));
    expect(codeOf(() => responder.readMessage(message1))).toBe('decrypt_failed');
  });

  test('a message 1 reflected to its sender, or sent twice, opens nothing', () => {
    const { initiator, responder } = pair();
    const message1 = initiator.writeMessage(utf8('hi'));
    expect(codeOf(() => initiator.readMessage(message1))).toBe('decrypt_failed');
    responder.readMessage(message1);
    expect(codeOf(() => responder.readMessage(message1))).toBe('bad_state');
  });

  test('message 2 of another handshake under the same psk is refused', () => {
    const first = pair();
    const second = {
      ...pair(),
      initiator: new NoiseNNpsk0({ role: 'initiator', prologue, psk, random: seededRandom('other') }),
    };
    first.responder.readMessage(first.initiator.writeMessage(utf8('')));
    second.responder.readMessage(second.initiator.writeMessage(utf8('')));
    const foreign = second.responder.writeMessage(utf8(''));
    expect(codeOf(() => first.initiator.readMessage(foreign))).toBe('decrypt_failed');
  });

  test('every single-bit flip in either message is refused', () => {
    const { initiator, responder } = pair();
    const message1 = initiator.writeMessage(utf8('ab'));
    responder.readMessage(message1);
    const message2 = responder.writeMessage(utf8('cd'));
    for (let bit = 0; bit < message1.length * 8; bit++) {
      const flipped1 = flip(message1, bit);
      const code1 = codeOf(() => pair().responder.readMessage(flipped1));
      expect(code1).toBe('decrypt_failed');
    }
    for (let bit = 0; bit < message2.length * 8; bit++) {
      const fresh = pair().initiator;
      fresh.writeMessage(utf8('ab'));
      expect(codeOf(() => fresh.readMessage(flip(message2, bit)))).toBe('decrypt_failed');
    }
  });

  test('a low-order ephemeral is bad_point where it first meets a private key', () => {
    // A peer that knows the psk and sends the all-zero public key.
    const symmetric = new SymmetricState(noiseProtocolName);
    symmetric.mixHash(prologue);
    symmetric.mixKeyAndHash(psk);
    const zero = new Uint8Array(32);
    symmetric.mixHash(zero);
    symmetric.mixKey(zero);
    const { responder } = pair();
    responder.readMessage(join([zero, symmetric.encryptAndHash(utf8(''))]));
    expect(codeOf(() => responder.writeMessage(utf8('')))).toBe('bad_point');
    expect(responder.stage).toBe('failed');
  });

  test('arbitrary bytes are never anything but a CryptoError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const reader of [pair().responder, readyInitiator()]) {
          expect(['bad_length', 'decrypt_failed', 'bad_point']).toContain(
            codeOf(() => reader.readMessage(bytes)),
          );
          expect(reader.stage).toBe('failed');
        }
      }),
      propertyRuns,
    );
    expect(codeOf(() => pair().responder.readMessage(new Uint8Array(noiseMessageBytesMax + 1)))).toBe(
      'bad_length',
    );
  });

  test('calls out of turn are bad_state and change nothing', () => {
    const { initiator, responder } = pair();
    expect(codeOf(() => initiator.readMessage(new Uint8Array(48)))).toBe('bad_state');
    expect(codeOf(() => responder.writeMessage(utf8('')))).toBe('bad_state');
    expect(codeOf(() => initiator.split())).toBe('bad_state');
    responder.readMessage(initiator.writeMessage(utf8('')));
    expect(codeOf(() => initiator.writeMessage(utf8('')))).toBe('bad_state');
    expect(codeOf(() => responder.split())).toBe('bad_state');
    initiator.readMessage(responder.writeMessage(utf8('')));
    initiator.split();
    expect(codeOf(() => initiator.split())).toBe('bad_state');
    expect(initiator.stage).toBe('split');
  });

  test('a psk of another size and a failing random source', () => {
    const options = { role: 'initiator', prologue, psk, random: seededRandom('i') } as const;
    expect(codeOf(() => new NoiseNNpsk0({ ...options, psk: psk.subarray(1) }))).toBe('bad_key');
    expect(codeOf(() => new NoiseNNpsk0({ ...options, psk: new Uint8Array(64) }))).toBe('bad_key');
    const starved = new NoiseNNpsk0({ ...options, random: () => new Uint8Array(0) });
    expect(codeOf(() => starved.writeMessage(utf8('')))).toBe('bad_random');
    expect(starved.stage).toBe('write');
  });
});

test('errors are CryptoErrors with a message that holds no key', () => {
  try {
    pair().responder.readMessage(new Uint8Array(100));
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CryptoError);
    expect((thrown as CryptoError).message).not.toContain(hex(psk));
  }
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

function readyInitiator(): NoiseNNpsk0 {
  const { initiator } = pair();
  initiator.writeMessage(utf8(''));
  return initiator;
}
