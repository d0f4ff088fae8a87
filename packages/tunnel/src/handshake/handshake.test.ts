import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pair, seededRandom } from '../../test/pair.js';
import { concatBytes } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { Tunnel } from '../tunnel.js';
import { decodeAnswer } from './answer.js';
import { channelIdentifier, noisePrologue } from './context.js';
import { decodeOffer } from './offer.js';

const thrownCode = (step: () => unknown): string => {
  try {
    step();
    return 'nothing';
  } catch (thrown) {
    return thrown instanceof TunnelError ? `${thrown.code}/${thrown.pathCode}` : String(thrown);
  }
};
const failed = [
  { kind: 'ended', reason: 'decrypt_failed' },
  { kind: 'reset_path', code: 'decrypt_failed' },
  { kind: 'closed' },
];

/** What the initiator puts out, and what the responder then learns from the reset. */
function attempt(pair: Pair, alter?: (bytes: Uint8Array) => Uint8Array): void {
  pair.answer(alter);
  expect(pair.initiator.events).toMatchObject(failed);
  expect(pair.initiator.tunnel.pollPath(0, pair.nowMs)).toBeUndefined();
  pair.responder.tunnel.handlePathClosed(0, { code: 'decrypt_failed' }, pair.nowMs);
  pair.responder.drainOutputs();
  expect(pair.responder.events).toMatchObject([
    { kind: 'ended', reason: 'decrypt_failed' },
    { kind: 'closed' },
  ]);
}

describe('handshake', () => {
  it('lays out offer and answer as documented', () => {
    const pair = new Pair();
    const { offer } = pair.initiator.tunnel;
    expect([...offer.subarray(0, 7)]).toEqual([1, 2, 1, 0, 0, 0, 0]);
    expect(offer.subarray(7, 23)).toEqual(seededRandom(1)(16));
    expect(offer).toHaveLength(55);
    const { answer } = pair.responder.tunnel;
    expect(answer[0]).toBe(2);
    expect(answer.subarray(1, 17)).toEqual(seededRandom(2)(16));
    expect(answer.subarray(17, 33)).toEqual(new Uint8Array(16).fill(7));
    expect([...answer.subarray(65, 67)]).toEqual([0, 48]);
    expect(answer).toHaveLength(67 + 48);
    pair.answer();
    pair.settle();
    expect(pair.initiator.tunnel.tunnelId).toEqual(concatBytes([offer.slice(7, 23), answer.slice(1, 17)]));
  });

  it('has exactly the documented prologue and channel identifier', () => {
    const parties = { realm: 'r', initiatorName: 'a', responderName: 'bc' };
    const tunnelId = new Uint8Array(32).fill(9);
    const prologue = noisePrologue({ versions: Uint8Array.of(2), kind: 1, parties, tunnelId, epoch: 0 });
    const id = '09'.repeat(32);
    expect(Buffer.from(prologue).toString('hex')).toBe(
      `000d${Buffer.from('macula-tunnel').toString('hex')}00010200010100017200016100026263${`0020${id}`}000400000000`,
    );
    expect(Buffer.from(channelIdentifier(parties)).toString('latin1')).toBe(
      '\x00\x13macula-tunnel cpace\x00\x01r\x00\x01a\x00\x02bc',
    );
  });

  it('fails at the initiator with another cookie, and the responder never connects its node', () => {
    const pair = new Pair({ cookie: 'MYSECRET' }, { cookie: 'OTHER' });
    attempt(pair);
    expect(pair.responder.kinds).not.toContain('confirmed');
  });

  it('fails when a relay connects another node than the one asked for', () => {
    attempt(new Pair({ peerName: 'b@y' }, { ownName: 'c@z' }));
  });

  it('fails when a relay lies about who asks', () => {
    attempt(new Pair({ ownName: 'a@x' }, { peerName: 'mallory@x' }));
  });

  it('fails between realms', () => {
    attempt(new Pair({ realm: 'one' }, { realm: 'two' }));
  });

  it('fails when a relay changes the offer, listed versions included', () => {
    attempt(new Pair({}, {}, (offer) => concatBytes([Uint8Array.of(2, 2, 3), offer.subarray(2)])));
    attempt(new Pair({}, {}, (offer) => concatBytes([offer, Uint8Array.of(0)])));
  });

  it('fails, or refuses, for every changed byte of the answer', () => {
    for (let at = 1; at < 115; at += 1) {
      const pair = new Pair();
      pair.answer((answer) => {
        const changed = Uint8Array.from(answer);
        changed[at]! ^= 1;
        return changed;
      });
      const reason = at === 65 || at === 66 ? 'protocol_error' : 'decrypt_failed';
      expect(pair.initiator.events).toMatchObject([{ reason }, { code: reason }, { kind: 'closed' }]);
    }
  });

  it('fails for every changed byte of Noise message 2', () => {
    for (let at = 0; at < 50; at += 7) {
      const pair = new Pair();
      pair.answer();
      pair.initiator.flush(pair.nowMs);
      const bytes = pair.initiator.takeWire(1000);
      bytes[at]! ^= 1;
      pair.initiator.putOnWire(bytes);
      pair.carry(pair.initiator);
      expect(pair.responder.events).toMatchObject(failed);
    }
  });

  it('takes the handshake byte by byte', () => {
    const pair = new Pair();
    pair.answer();
    pair.initiator.flush(pair.nowMs);
    while (pair.initiator.wireBytes > 0) pair.carry(pair.initiator, 1);
    expect(pair.responder.kinds).toEqual(['confirmed']);
  });

  it('refuses an attach as a first offer, an unknown kind, no common version and nonsense', () => {
    const { offer } = new Pair().initiator.tunnel;
    const refuse = (bytes: Uint8Array): string => thrownCode(() => new Pair({}, {}, () => bytes));
    const withByte = (at: number, byte: number): Uint8Array => {
      const changed = Uint8Array.from(offer);
      changed[at] = byte;
      return changed;
    };
    expect(refuse(withByte(1, 3))).toBe('version_unsupported/version_unsupported');
    expect(refuse(withByte(2, 2))).toBe('bad_offer/protocol_error');
    expect(refuse(withByte(2, 9))).toBe('bad_offer/protocol_error');
    expect(refuse(withByte(6, 1))).toBe('bad_offer/protocol_error');
    expect(refuse(offer.slice(0, 54))).toBe('bad_offer/protocol_error');
    expect(refuse(new Uint8Array(0))).toBe('bad_offer/protocol_error');
    expect(refuse(concatBytes([offer.slice(0, 23), new Uint8Array(32)]))).toBe(
      'decrypt_failed/decrypt_failed',
    );
  });

  it('lets nothing but a TunnelError out of random offers and answers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeOffer, decodeAnswer]) {
          try {
            decode(bytes);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(TunnelError);
          }
        }
      }),
    );
  });

  it('refuses options out of bounds', () => {
    const good = {
      realm: 'r',
      ownName: 'a',
      peerName: 'b',
      tunnelKey: new Uint8Array(32),
      random: seededRandom(1),
    };
    const bad: object[] = [
      { realm: '' },
      { ownName: 'x'.repeat(1021) },
      { tunnelKey: new Uint8Array(31) },
      { ticktimeSeconds: 70_000 },
      { limits: { windowBytesMax: 0 } },
      { limits: { ringBytesMax: 5_000_000 } },
    ];
    for (const options of bad) {
      expect(thrownCode(() => Tunnel.initiate({ ...good, ...options }, 0))).toBe('bad_option/tunnel_error');
    }
  });
});

describe('protocol 1', () => {
  it('works when both ends are configured for it', () => {
    const pair = Pair.up({ protocol: 1 }, { protocol: 1 });
    pair.initiator.tunnel.handleLocalData(new Uint8Array(100_000).fill(5), pair.nowMs);
    pair.responder.tunnel.handleLocalData(new Uint8Array(3).fill(6), pair.nowMs);
    pair.settle();
    expect(pair.responder.received).toEqual(new Uint8Array(100_000).fill(5));
    expect(pair.initiator.received).toEqual(new Uint8Array(3).fill(6));
    pair.initiator.tunnel.handleLocalClosed(pair.nowMs);
    pair.settle();
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'beam_closed', byPeer: true });
  });

  it('is refused where it is not configured, and refuses protocol 2', () => {
    const refused = 'version_unsupported/version_unsupported';
    expect(thrownCode(() => new Pair({ protocol: 1 }, {}))).toBe(refused);
    expect(thrownCode(() => new Pair({}, { protocol: 1 }))).toBe(refused);
  });

  it('is not reached by changed bytes: an offer never lists it, an answer of it ends the tunnel', () => {
    const withV1 = (offer: Uint8Array): Uint8Array => concatBytes([Uint8Array.of(1, 1), offer.subarray(2)]);
    expect(thrownCode(() => new Pair({}, { protocol: 1 }, withV1))).toMatch('version_unsupported');
    const pair = new Pair();
    pair.answer((answer) => concatBytes([Uint8Array.of(1), answer.subarray(1, 33)]));
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'version_unsupported' });
  });

  it('ends decrypt_failed at the responder when the cookies differ', () => {
    const pair = new Pair({ protocol: 1 }, { protocol: 1, cookie: 'OTHER' });
    pair.answer();
    pair.settle();
    expect(pair.responder.events).toMatchObject(failed);
    pair.initiator.tunnel.handlePathClosed(0, { code: 'decrypt_failed' }, pair.nowMs);
    pair.initiator.drainOutputs();
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'decrypt_failed' });
  });

  it('delivers nothing of a reflected, replayed or missing envelope', () => {
    for (const attack of ['reflect', 'replay', 'drop'] as const) {
      const pair = Pair.up({ protocol: 1 }, { protocol: 1 });
      const { initiator, responder } = pair;
      const send = (byte: number): Uint8Array => {
        initiator.tunnel.handleLocalData(Uint8Array.of(byte), pair.nowMs);
        initiator.flush(pair.nowMs);
        return initiator.takeWire(10_000);
      };
      const [first, second] = [send(1), send(2)];
      const target = attack === 'reflect' ? initiator : responder;
      const bytes = { reflect: first, replay: concatBytes([first, first, second]), drop: second }[attack];
      target.tunnel.handlePathData(0, bytes, pair.nowMs);
      target.drainOutputs();
      if (attack === 'replay') expect(responder.received).toEqual(Uint8Array.of(1, 2));
      else
        expect(target.event('ended')).toMatchObject({
          reason: attack === 'drop' ? 'offset_violation' : 'bad_tag',
        });
      if (attack !== 'replay') expect(target.deliveredBytes).toBe(0);
    }
  });
});
