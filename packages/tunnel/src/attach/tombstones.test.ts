import { describe, expect, it } from 'vitest';
import { Attaching } from '../../test/attaching.js';
import { tombstonesMax } from '../limits.js';
import { AttachKeys } from './attach-keys.js';
import { Tombstones } from './tombstones.js';

/** A pair whose responder has ended and lies in the table, while its initiator still looks for a path. */
function buried(): { pair: Attaching; tombstones: Tombstones } {
  const tombstones = new Tombstones();
  const pair = Attaching.attached({}, { tombstones });
  pair.lose();
  pair.responder.tunnel.end('agent_stopped', 'update', pair.nowMs);
  pair.wait(33_000, [pair.responder]);
  expect(pair.responder.tunnel.state).toBe('closed');
  return { pair, tombstones };
}

const keysOf = (number: number): AttachKeys =>
  new AttachKeys({
    tunnelId: Uint8Array.from({ length: 32 }, (_, index) => (index < 2 ? (number >> (8 * index)) & 255 : 0)),
    secret: new Uint8Array(32).fill(1),
    parties: { realm: 'r', initiatorName: 'a', responderName: 'b' },
    random: (length) => new Uint8Array(length).fill(5),
  });

describe('tombstones', () => {
  it('answer an attach with a sealed GONE, and the initiator ends with the reason', () => {
    const { pair, tombstones } = buried();
    const { initiator } = pair;
    const { pathId, offer } = pair.lastWanted;
    const { answer, records } = tombstones.respondAttach(offer, pair.nowMs)!;
    initiator.tunnel.handleAnswer(pathId, answer, pair.nowMs);
    for (const record of records) initiator.tunnel.handlePathData(pathId, record, pair.nowMs);
    initiator.drainOutputs();
    expect(initiator.event('ended')).toEqual({
      kind: 'ended',
      reason: 'agent_stopped',
      text: 'update',
      byPeer: true,
    });
    expect(initiator.kinds.at(-1)).toBe('closed');
  });

  it('answer only who has the secret', () => {
    const { pair, tombstones } = buried();
    const offer = Uint8Array.from(pair.lastWanted.offer);
    offer[offer.length - 1]! ^= 1;
    const thrown = expect.objectContaining({ code: 'decrypt_failed' });
    expect(() => tombstones.respondAttach(offer, pair.nowMs)).toThrow(thrown);
    expect(() => tombstones.respondAttach(pair.initiator.tunnel.offer, pair.nowMs)).toThrow(
      expect.objectContaining({ code: 'bad_offer' }),
    );
  });

  it('stay 60 s, and then wipe the secret and know nothing', () => {
    const { pair, tombstones } = buried();
    const { offer } = pair.lastWanted;
    const endMs = pair.nowMs + 60_000;
    expect(tombstones.pollTimeout()).toEqual({ atMs: endMs, why: 'tombstone' });
    tombstones.handleTimeout(endMs - 1);
    expect(tombstones.respondAttach(offer, endMs - 1)).toBeDefined();
    expect(tombstones.respondAttach(offer, endMs)).toBeUndefined();
    expect(tombstones.size).toBe(0);
    expect(tombstones.pollTimeout()).toBeUndefined();
  });

  it('are bounded: the oldest is wiped and gives way', () => {
    const tombstones = new Tombstones();
    const all = Array.from({ length: tombstonesMax + 1 }, (_, number) => keysOf(number));
    all.forEach((keys, index) => {
      tombstones.bury({ keys, reason: 'ok', text: '' }, index);
    });
    expect(tombstones.size).toBe(tombstonesMax);
    expect(() => all[0]!.initiate(1)).toThrow('wiped');
    expect(all[1]!.initiate(1).offer).toHaveLength(87);
    tombstones.clear();
    expect(() => all[1]!.initiate(1)).toThrow('wiped');
  });

  it('are made by no initiator, and by no tunnel that does not resume', () => {
    const tombstones = new Tombstones();
    const plain = Attaching.attached({ resumes: false }, { tombstones });
    plain.lose();
    expect(plain.responder.tunnel.state).toBe('closed');
    expect(tombstones.size).toBe(0);
  });
});
