import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type End, Pair } from '../test/pair.js';
import { ReceiveHalf } from './flow/receive-half.js';
import { SendHalf } from './flow/send-half.js';

/** What one end puts on the path for these bytes. */
function sealed(pair: Pair, end: End, bytes: Uint8Array): Uint8Array {
  end.tunnel.handleLocalData(bytes, pair.nowMs);
  end.flush(pair.nowMs);
  return end.takeWire(1_000_000);
}

function feed(pair: Pair, end: End, bytes: Uint8Array): void {
  end.tunnel.handlePathData(0, bytes, pair.nowMs);
  end.flush(pair.nowMs);
}

describe('a hostile relay', () => {
  it('ends the tunnel by changing any byte, and nothing of the record is delivered', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(3), (at, mask, before) => {
        const pair = Pair.up();
        const { initiator, responder } = pair;
        for (let count = 0; count < before; count++) {
          feed(pair, responder, sealed(pair, initiator, Uint8Array.of(count)));
        }
        const bytes = sealed(pair, initiator, new Uint8Array(50).fill(9));
        bytes[at % bytes.length]! ^= mask;
        feed(pair, responder, bytes);
        expect(responder.received).toEqual(Uint8Array.from({ length: before }, (_, index) => index));
        const ended = responder.event('ended');
        // A longer length leaves the record unfinished: that shows as silence, then as loss.
        if (ended === undefined) expect(at % bytes.length).toBeLessThan(4);
        else expect(['bad_tag', 'bad_length']).toContain(ended.reason);
      }),
      { numRuns: runsOf(process.env, 60) },
    );
  });

  it('tells the peer by a sealed END with the same reason, then finishes the path', () => {
    const pair = Pair.up();
    const { initiator, responder } = pair;
    const bytes = sealed(pair, initiator, Uint8Array.of(1));
    bytes[bytes.length - 1]! ^= 1;
    feed(pair, responder, bytes);
    expect(responder.kinds.slice(-2)).toEqual(['ended', 'end_path']);
    pair.settle();
    expect(initiator.event('ended')).toMatchObject({ reason: 'bad_tag', byPeer: true });
    expect([initiator.tunnel.state, responder.tunnel.state]).toEqual(['closed', 'closed']);
  });

  it('ends it by reorder, replay, omission or reflection', () => {
    for (const attack of ['reorder', 'replay', 'omit', 'reflect'] as const) {
      const pair = Pair.up();
      const { initiator, responder } = pair;
      const first = sealed(pair, initiator, Uint8Array.of(1));
      const second = sealed(pair, initiator, Uint8Array.of(2));
      const order = { reorder: [second, first], replay: [first, first], omit: [second], reflect: [first] }[
        attack
      ];
      const target = attack === 'reflect' ? initiator : responder;
      for (const bytes of order) feed(pair, target, Uint8Array.from(bytes));
      expect(target.event('ended')).toMatchObject({ reason: 'bad_tag', byPeer: false });
      expect(target.received).toEqual(attack === 'replay' ? Uint8Array.of(1) : new Uint8Array(0));
    }
  });

  it('ends it by splicing in records of another tunnel', () => {
    const pair = Pair.up();
    const other = Pair.up({ random: (length) => new Uint8Array(length).fill(77) });
    feed(pair, pair.responder, sealed(other, other.initiator, Uint8Array.of(1)));
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'bad_tag' });
  });

  it('ends it by a claimed length out of bounds, before the bytes come', () => {
    const pair = Pair.up();
    feed(pair, pair.responder, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'bad_length' });
  });

  it('makes the responder neither connect nor answer by replaying a first message', () => {
    const pair = new Pair();
    pair.answer();
    pair.initiator.flush(pair.nowMs);
    const recorded = pair.initiator.takeWire(10_000);
    const again = new Pair(
      {},
      { random: (length) => new Uint8Array(length).fill(3) },
      () => pair.initiator.tunnel.offer,
    );
    feed(again, again.responder, recorded);
    expect(again.responder.kinds).toEqual(['ended', 'reset_path', 'closed']);
    expect(again.responder.event('ended')).toMatchObject({ reason: 'decrypt_failed' });
  });
});

describe('offsets of a peer with the key', () => {
  const receive = (): ReceiveHalf => new ReceiveHalf({ windowBytesMax: 100, offsetLimit: 1000 });
  const data = (start: number, count: number) => ({ start, bytes: [new Uint8Array(count).fill(start + 1)] });

  it('may overlap: what is known is dropped, the rest delivered', () => {
    const half = receive();
    half.handleData(data(0, 10));
    expect(half.handleData(data(4, 10))).toEqual([new Uint8Array(4).fill(5)]);
    expect(half.handleData(data(0, 14))).toEqual([]);
    expect(half.deliveredBytes).toBe(14);
  });

  it('may not leave a gap, pass the window, or go on behind FIN', () => {
    const half = receive();
    expect(() => half.handleData(data(1, 1))).toThrow(expect.objectContaining({ code: 'offset_violation' }));
    expect(() => half.handleData(data(0, 101))).toThrow(
      expect.objectContaining({ code: 'offset_violation' }),
    );
    expect(() => half.handleFin(1, 0)).toThrow(expect.objectContaining({ code: 'offset_violation' }));
    half.handleData(data(0, 10));
    expect(half.handleFin(10, 0)).toBe(true);
    expect(half.handleFin(10, 0)).toBe(false);
    expect(() => half.handleData(data(10, 1))).toThrow(expect.objectContaining({ code: 'offset_violation' }));
    expect(() => half.handleFin(9, 0)).toThrow(expect.objectContaining({ code: 'offset_violation' }));
  });

  it('may acknowledge only what was sent and not take an acknowledgement or an edge back', () => {
    const half = new SendHalf({ ringBytesMax: 100, unsentBytesMax: 100, offsetLimit: 1000 });
    half.open(50);
    half.write(new Uint8Array(60));
    half.finish();
    half.next();
    const bad = expect.objectContaining({ code: 'offset_violation' });
    expect(() => half.handleAck({ received: 51, edge: 100 }, undefined, 0)).toThrow(bad);
    half.handleAck({ received: 20, edge: 100 }, undefined, 0);
    expect(() => half.handleAck({ received: 19, edge: 100 }, undefined, 0)).toThrow(bad);
    expect(() => half.handleAck({ received: 20, edge: 99 }, undefined, 0)).toThrow(bad);
    expect(half.next()).toMatchObject({ kind: 'data', start: 50 });
    expect(() => half.handleAck({ received: 61, edge: 100 }, undefined, 0)).toThrow(bad);
    expect(half.next()).toEqual({ kind: 'fin', offset: 60 });
    half.handleAck({ received: 61, edge: 200 }, undefined, 0);
    expect(half.outstanding).toBe(false);
    expect(() => half.handleAck({ received: 60, edge: 200 }, undefined, 0)).toThrow(bad);
  });

  it('end the tunnel with offset_limit, at the sender before anything wraps', () => {
    const pair = Pair.up({ limits: { offsetLimit: 1000 } }, { limits: { offsetLimit: 1000 } });
    pair.initiator.tunnel.handleLocalData(new Uint8Array(1000), pair.nowMs);
    pair.settle();
    expect(pair.responder.deliveredBytes).toBe(1000);
    pair.initiator.tunnel.handleLocalData(new Uint8Array(1), pair.nowMs);
    pair.settle();
    expect(pair.initiator.event('ended')).toMatchObject({ reason: 'offset_limit', byPeer: false });
    expect(pair.responder.event('ended')).toMatchObject({ reason: 'offset_limit', byPeer: true });
    const lower = Pair.up({}, { limits: { offsetLimit: 10 } });
    lower.initiator.tunnel.handleLocalData(new Uint8Array(11), lower.nowMs);
    lower.settle();
    expect(lower.responder.event('ended')).toMatchObject({ reason: 'offset_limit', byPeer: false });
    expect(lower.responder.deliveredBytes).toBe(0);
  });
});
