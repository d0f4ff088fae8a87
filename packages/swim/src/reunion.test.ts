import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { Mesh, profile, sentBy, signer, updateOf, withSeeds } from '../test/mesh.js';
import { Membership, type MemberUpdate, membersMax, type SwimMessage } from './index.js';

function fresh(): Membership {
  const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
  member.join([], 0);
  return member;
}

function some(count: number, name = 'x', state: MemberUpdate['state'] = 'alive'): MemberUpdate[] {
  return Array.from({ length: count }, (_, index) => updateOf(`${name}${index}`, 0, state));
}

describe('the dead', () => {
  it('S13: are forgotten by a whole mesh, though members come and lists go round all the time', () => {
    withSeeds(3, (seed) => {
      const mesh = new Mesh(seed, {}, { ...profile, deadRetentionMs: 60_000, rejoinIntervalMs: 2_000 });
      mesh.startMany(8);
      mesh.clock.advance(20_000);
      mesh.kill('m7');
      const gone = mesh.members.get('m6')!;
      gone.leave();
      mesh.drain('m6');
      mesh.clock.advance(1_000);
      mesh.kill('m6');
      mesh.clock.advance(20_000);
      expect(mesh.opinions('m7')).toEqual(['dead']);
      expect(mesh.opinions('m6')).toEqual(['left']);
      // 60 s at who saw it, and 60 s at the newcomers that were told.
      let remembered = mesh.clock.nowMs;
      for (let newcomer = 0; newcomer < 25; newcomer++) {
        const id = `n${newcomer}`;
        const member = mesh.start(id, [newcomer === 0 ? 'm0' : `n${newcomer - 1}`]);
        for (let second = 0; second < 10; second++) {
          // Where digests differ, lists are sent.
          member.setMetadata(Uint8Array.of(second), mesh.clock.nowMs);
          mesh.drain(id);
          mesh.clock.advance(1_000);
          if (mesh.opinions('m7').includes('dead')) remembered = mesh.clock.nowMs;
        }
      }
      expect(remembered).toBeLessThan(10_000 + 41_000 + 2 * 60_000);
      expect(mesh.opinions('m6')).toEqual([undefined]);
      expect(mesh.opinions('m7')).toEqual([undefined]);
    });
  });

  it('S6: are told to a newcomer, who asks them too when a partition ends', () => {
    const mesh = new Mesh(1).startMany(6);
    mesh.clock.advance(20_000);
    mesh.network.partition(['m3', 'm4', 'm5']);
    mesh.clock.advance(60_000);
    // Nobody is left who was there before the partition.
    mesh.start('n0', ['m0']);
    mesh.clock.advance(5_000);
    for (const id of ['m0', 'm1', 'm2']) mesh.kill(id);
    mesh.clock.advance(30_000);
    mesh.network.heal();
    mesh.clock.advance(60_000);
    for (const id of ['m3', 'm4', 'm5', 'n0']) expect(mesh.opinions(id)).toEqual(['alive']);
  });

  it('S12: give way to the living where the table is full', () => {
    const member = fresh();
    for (let batch = 0; batch < 4; batch++) {
      const gossip = some(membersMax / 4, `gone${batch}.`, 'dead');
      member.handleMessage('a', { kind: 'gossip', gossip }, batch);
    }
    expect(member.members()).toHaveLength(membersMax);
    member.handleMessage('a', { kind: 'gossip', gossip: some(10, 'new', 'dead') }, 9);
    expect(member.stateOf('new0')).toBeUndefined();
    const forged = some(1, 'forged').map((update) => ({
      ...update,
      claim: { ...update.claim, incarnation: 7 },
    }));
    member.handleMessage('a', { kind: 'gossip', gossip: [...forged, ...some(10, 'new')] }, 10);
    expect(member.stateOf('new9')).toBe('alive');
    expect(member.stateOf('gone0.9')).toBeUndefined();
    expect(member.stateOf('gone0.10')).toBe('dead');
    expect(member.members()).toHaveLength(membersMax);
  });
});

describe('lists', () => {
  it('S10: come once in half a probe interval to each who asks, in whatever way', () => {
    const member = fresh();
    member.handleMessage('a', { kind: 'gossip', gossip: some(50) }, 0);
    sentBy(member);
    const ask = (fromId: string, nowMs: number): SwimMessage['kind'][] => {
      member.handleMessage(fromId, { kind: 'compare', digest: 1, gossip: [] }, nowMs);
      member.handleMessage(fromId, { kind: 'join', gossip: [] }, nowMs);
      return sentBy(member).map(({ message }) => message.kind);
    };
    for (let time = 0; time < 10; time++) expect(ask('a', time)).toEqual(time === 0 ? ['join_reply'] : []);
    expect(ask('b', 10)).toEqual(['join_reply']);
    expect(ask('a', profile.probeIntervalMs / 2)).toEqual(['join_reply']);
  });

  it('S10: in pieces are no news to a newcomer, who tells of itself alone', () => {
    const member = fresh();
    const gossip = some(200);
    for (let piece = 0; piece < 200; piece += 20)
      member.handleMessage('x0', { kind: 'join_reply', gossip: gossip.slice(piece, piece + 20) }, piece);
    const told = new Set<string>();
    for (let nowMs = 250; nowMs < 10_000; nowMs = member.pollTimeout()!.atMs) {
      member.handleTimeout(nowMs);
      for (const { message } of sentBy(member))
        for (const { claim, state } of message.gossip) if (state === 'alive') told.add(claim.id);
      if (nowMs > 400) break;
    }
    expect([...told]).toEqual(['self']);
    // Another list later, of another mesh.
    member.handleMessage('y0', { kind: 'join_reply', gossip: some(3, 'y') }, 450);
    member.handleTimeout(550);
    expect(sentBy(member).some(({ message }) => message.gossip.some(({ claim }) => claim.id === 'y1'))).toBe(
      true,
    );
  });
});
