import { runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Attaching, type Line } from '../test/attaching.js';
import { concatBytes } from './bytes.js';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);

/** The tunnel goes on over the next path, and everything that was written arrives. */
function expectAlive(pair: Attaching): void {
  const { initiator, responder } = pair;
  const before = responder.deliveredBytes;
  initiator.tunnel.handleLocalData(bytes(7, 9), pair.nowMs);
  if (pair.wanted.length === 0) pair.settle();
  else {
    while (initiator.tunnel.state === 'detached' && responder.deliveredBytes === before) {
      pair.wait(200, [initiator]);
      pair.open().settle();
    }
  }
  expect(responder.deliveredBytes).toBe(before + 7);
  for (const end of pair.ends) expect(end.event('ended')).toBeUndefined();
}

describe('a hostile relay and attaches', () => {
  it('can’t forge one: without the secret the responder does nothing, and a live path goes on', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 48, maxLength: 48 }),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        (message, epoch) => {
          const pair = Attaching.attached();
          const head = Uint8Array.of(1, 2, 2, epoch >>> 24, epoch >>> 16, epoch >>> 8, epoch);
          const offer = concatBytes([head, pair.responder.tunnel.tunnelId!, message]);
          expect(() => pair.responder.tunnel.respondAttach(offer, pair.nowMs)).toThrow(
            expect.objectContaining({ code: 'decrypt_failed' }),
          );
          expectAlive(pair);
        },
      ),
      { numRuns: runsOf(process.env, 10) },
    );
  });

  it('can’t raise an epoch, move an attach to another tunnel, or strip a version from it', () => {
    const pair = Attaching.attached();
    const other = Attaching.attached({ random: (length) => bytes(length, 77) });
    pair.lose([pair.initiator]);
    const { offer } = pair.lastWanted;
    const refused = expect.objectContaining({ code: 'decrypt_failed' });
    const raised = Uint8Array.from(offer);
    raised[6] = 200;
    expect(() => pair.responder.tunnel.respondAttach(raised, pair.nowMs)).toThrow(refused);
    const moved = concatBytes([offer.subarray(0, 7), other.responder.tunnel.tunnelId!, offer.subarray(39)]);
    expect(() => other.responder.tunnel.respondAttach(moved, other.nowMs)).toThrow(refused);
    const more = concatBytes([Uint8Array.of(2, 2, 3), offer.subarray(2)]);
    expect(() => pair.responder.tunnel.respondAttach(more, pair.nowMs)).toThrow(refused);
    expect(pair.responder.tunnel.state).toBe('open');
  });

  it('replays every attach, withheld ones too: nothing commits and the live path goes on', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose();
    pair.wait(4000, [initiator]);
    const offers = pair.wanted.map(({ offer }) => offer);
    const line = pair.open();
    const recorded = line.poll(responder);
    line.give(initiator, recorded);
    const fromInitiator = line.poll(initiator);
    line.give(responder, fromInitiator);
    const committed = responder.tunnel.metrics.epoch;
    expect(committed).toBeGreaterThan(1);
    // A newer one that was never answered, again and again, with what was recorded behind it.
    initiator.tunnel.handlePathClosed(line.id(initiator), { lost: true }, pair.nowMs);
    pair.wait(4000, [initiator]);
    for (const { offer } of pair.wanted) offers.push(offer);
    for (let round = 0; round < 20; round++) {
      for (const offer of offers) {
        try {
          const { pathId } = responder.tunnel.respondAttach(offer, pair.nowMs);
          responder.tunnel.handlePathData(pathId, Uint8Array.from(fromInitiator), pair.nowMs);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'stale_epoch' });
        }
        responder.drainOutputs();
      }
    }
    expect(responder.tunnel.metrics).toMatchObject({ epoch: committed, reattachments: 1 });
    expect(responder.tunnel.state).toBe('open');
    expectAlive(pair);
  });

  it('flips, reflects, reorders or swaps the first records: that attach is lost, nothing is delivered', () => {
    for (const attack of ['flip', 'reflect', 'reorder', 'other tunnel', 'other path'] as const) {
      const pair = Attaching.attached();
      const { initiator, responder } = pair;
      responder.tunnel.handleLocalData(bytes(10), pair.nowMs);
      pair.lose();
      const line = pair.open();
      const attach = line.poll(responder);
      const forged = (): Uint8Array => {
        if (attack === 'flip') return Uint8Array.from(attach, (byte, at) => (at === 10 ? byte ^ 1 : byte));
        if (attack === 'other tunnel')
          return attachOf(Attaching.attached({ random: (length) => bytes(length, 77) }));
        if (attack === 'other path') {
          pair.wait(120, [initiator]);
          return pair.open().poll(responder);
        }
        line.give(initiator, attach);
        const own = line.poll(initiator);
        return attack === 'reflect' ? own : concatBytes([own.subarray(40), own.subarray(0, 40)]);
      };
      const sent = forged();
      if (attack === 'reflect' || attack === 'reorder') {
        // Behind the commit, at the side that has not committed yet.
        line.give(responder, attack === 'reflect' ? attach : sent);
        expect(responder.events.at(-1)).toMatchObject({ kind: 'reset_path', code: 'tunnel_error' });
        expect(responder.tunnel.state).toBe('detached');
      } else {
        line.give(initiator, sent);
        expect(initiator.events.at(-1)).toMatchObject({ kind: 'reset_path', code: 'tunnel_error' });
        expect(initiator.tunnel.state).toBe('detached');
      }
      for (const end of pair.ends) {
        expect(end.deliveredBytes).toBe(0);
        expect(end.event('ended')).toBeUndefined();
      }
    }
  });

  it('inside a committed attach ends the tunnel with its own reason, as on the first path', () => {
    for (const [attack, reason] of [
      ['flip', 'bad_tag'],
      ['replay', 'bad_tag'],
      ['omit', 'bad_tag'],
      ['length', 'bad_length'],
    ] as const) {
      const pair = Attaching.attached();
      const { initiator, responder } = pair;
      pair.lose();
      const line = pair.open();
      line.settle();
      const record = (value: number): Uint8Array => {
        initiator.tunnel.handleLocalData(bytes(1, value), pair.nowMs);
        return line.poll(initiator);
      };
      const [first, second] = [record(1), record(2)];
      const changed = Uint8Array.from(first);
      changed[attack === 'length' ? 0 : changed.length - 1]! ^= 255;
      if (attack === 'replay') line.give(responder, first);
      line.give(responder, attack === 'omit' ? second : attack === 'replay' ? first : changed);
      expect(responder.event('ended')).toMatchObject({ reason, byPeer: false });
      expect(responder.deliveredBytes).toBe(attack === 'replay' ? 1 : 0);
      line.settle();
      expect(initiator.event('ended')).toMatchObject({ reason, byPeer: true });
    }
  });

  it('forges GONE: only the record of a tombstone ends the tunnel', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    pair.lose();
    const line = pair.open();
    line.give(initiator, concatBytes([Uint8Array.of(0, 0, 0, 3 + 16, 9, 0, 38), bytes(16)]));
    expect(initiator.events.at(-1)).toEqual({ kind: 'reset_path', pathId: 1, code: 'tunnel_error' });
    expect(responder.event('ended')).toBeUndefined();
    expectAlive(pair);
  });

  it('cuts a path anywhere: the next one goes on exactly there', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), fc.nat(3000), (size, cutAt, secondCut) => {
        const pair = Attaching.attached();
        const { initiator, responder } = pair;
        const sent = Uint8Array.from({ length: size }, (_, at) => at % 251);
        initiator.tunnel.handleLocalData(sent, pair.nowMs);
        initiator.flush(pair.nowMs);
        pair.carry(initiator, cutAt);
        pair.accept(responder, cutAt >> 1);
        for (const end of pair.ends) end.tunnel.handlePathEnd(0, pair.nowMs);
        initiator.takeWire(Number.POSITIVE_INFINITY);
        const line = pair.open();
        line.carry(responder);
        line.give(responder, line.poll(initiator).subarray(0, secondCut));
        for (const end of pair.ends) end.tunnel.handlePathEnd(line.id(end), pair.nowMs);
        pair.wait(300, [initiator]);
        pair.open().settle();
        expect(responder.received).toEqual(sent);
      }),
      { numRuns: runsOf(process.env, 25) },
    );
  });

  it('withholds acknowledgements: the sender is bounded by its ring, and all arrives over the next path', () => {
    const pair = Attaching.attached();
    const { initiator, responder } = pair;
    let written = 0;
    for (let round = 0; round < 100; round++) {
      while (!initiator.paused) {
        initiator.tunnel.handleLocalData(bytes(10_000), pair.nowMs);
        initiator.drainOutputs();
        written += 10_000;
      }
      initiator.flush(pair.nowMs);
      pair.carry(initiator);
      pair.accept(responder);
      responder.flush(pair.nowMs);
      responder.takeWire(Number.POSITIVE_INFINITY); // the relay keeps it
    }
    expect(initiator.tunnel.metrics.ringBytes).toBeLessThan(256 * 1024 + 10_000);
    pair.wait(1000, [initiator]);
    expect(initiator.tunnel.state).toBe('detached');
    pair.open().settle();
    expect(responder.deliveredBytes).toBe(written);
    expect(initiator.paused).toBe(false);
  });
});

function attachOf(pair: Attaching): Uint8Array {
  pair.lose();
  const line: Line = pair.open();
  return line.poll(pair.responder);
}
