import { SeededRandom } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mesh, profile, sentBy, signer, updateOf, withSeeds } from '../test/mesh.js';
import {
  Membership,
  type MemberUpdate,
  SwimError,
  type SwimMessage,
  supersedes,
  updateBytes,
} from './index.js';

describe('a mesh', () => {
  it('S1: 20 members converge within 10 s, whatever the seed', () => {
    withSeeds(10, (seed) => {
      const mesh = new Mesh(seed).startMany(20);
      mesh.clock.advance(10_000);
      for (const id of mesh.members.keys()) expect(mesh.opinions(id)).toEqual(['alive']);
    });
  });

  it('S2: a killed member is declared dead everywhere, and no other', () => {
    withSeeds(10, (seed) => {
      const mesh = new Mesh(seed).startMany(20);
      mesh.clock.advance(10_000);
      mesh.kill('m7');
      mesh.clock.advance(20_000);
      expect(mesh.opinions('m7')).toEqual(['dead']);
      expect(new Set(mesh.changes('dead'))).toEqual(new Set(['m7']));
    });
  });

  it('S3: a false suspicion is refuted and ends nowhere in death', () => {
    withSeeds(10, (seed) => {
      const mesh = new Mesh(seed).startMany(20);
      mesh.clock.advance(10_000);
      const liar: SwimMessage = { kind: 'gossip', gossip: [updateOf('m3', 0, 'suspect', 'm9')] };
      mesh.network.send('m9', 'm4', liar);
      mesh.clock.advance(20_000);
      expect(mesh.members.get('m3')?.claim.incarnation).toBeGreaterThan(0);
      expect(mesh.opinions('m3')).toEqual(['alive']);
      expect(mesh.changes('dead')).toEqual([]);
    });
  });

  it('S4: 5 % loss for ten minutes kills nobody, though it makes suspicions', () => {
    let suspicions = 0;
    withSeeds(8, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(20);
      mesh.clock.advance(600_000);
      expect(mesh.changes('dead')).toEqual([]);
      suspicions += mesh.changes('suspect').length;
      for (const id of mesh.members.keys()) expect(mesh.opinions(id)).not.toContain('dead');
    });
    expect(suspicions).toBeGreaterThan(0);
  });

  it('S5: one who leaves is `left` everywhere, never suspect or dead, and can come back', () => {
    withSeeds(10, (seed) => {
      const mesh = new Mesh(seed).startMany(20);
      mesh.clock.advance(10_000);
      const member = mesh.members.get('m5')!;
      member.leave();
      mesh.drain('m5');
      expect(member.pollTimeout()).toBeUndefined();
      mesh.clock.advance(10_000);
      expect(mesh.opinions('m5')).toEqual(['left']);
      expect(mesh.changes('dead')).toEqual([]);
      member.join(['m0'], mesh.clock.nowMs);
      mesh.drain('m5');
      mesh.clock.advance(10_000);
      expect(mesh.opinions('m5')).toEqual(['alive']);
    });
  });

  it('S6: two halves that declared each other dead find together again', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed).startMany(10);
      mesh.clock.advance(10_000);
      mesh.network.partition(['m1', 'm2', 'm3', 'm4', 'm5']);
      mesh.clock.advance(60_000);
      expect(mesh.members.get('m1')?.stateOf('m8')).toBe('dead');
      expect(mesh.members.get('m8')?.stateOf('m1')).toBe('dead');
      mesh.network.heal();
      mesh.clock.advance(120_000);
      for (const id of mesh.members.keys()) expect(mesh.opinions(id)).toEqual(['alive']);
    });
  });

  it('S7: a broken link between two members is bridged by indirect probes', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed).startMany(8);
      mesh.clock.advance(10_000);
      mesh.network.configureLink({ from: 'm1', to: 'm2' }, { loss: 1 });
      mesh.clock.advance(120_000);
      expect(mesh.changes('suspect')).toEqual([]);
    });
  });

  it('S8: a member that restarts with incarnation 0 outdoes its earlier life', () => {
    const mesh = new Mesh(1).startMany(6);
    mesh.clock.advance(10_000);
    mesh.kill('m2');
    mesh.clock.advance(20_000);
    expect(mesh.opinions('m2')).toEqual(['dead']);
    mesh.start('m2', ['m0']);
    mesh.clock.advance(20_000);
    expect(mesh.opinions('m2')).toEqual(['alive']);
  });

  it('S9: seeds that start late are found', () => {
    const mesh = new Mesh(2);
    mesh.start('early', ['late']);
    mesh.clock.advance(30_000);
    mesh.start('late', []);
    mesh.clock.advance(5_000);
    expect(mesh.opinions('late')).toEqual(['alive']);
    expect(mesh.opinions('early')).toEqual(['alive']);
  });

  it('S9: other seeds can be given at any time, as often as one likes, and nothing else changes', () => {
    const mesh = new Mesh(2).startMany(6);
    mesh.start('apart', []);
    mesh.clock.advance(20_000);
    expect(mesh.members.get('apart')?.members()).toEqual([]);
    mesh.kill('m5');
    for (let time = 0; time < 200; time++) {
      for (const [id, member] of mesh.members) {
        member.join(id === 'm1' ? ['apart'] : ['absent'], mesh.clock.nowMs);
        mesh.drain(id);
      }
      mesh.clock.advance(100);
    }
    expect(mesh.opinions('apart')).toEqual(['alive']);
    expect(mesh.members.get('m0')?.stateOf('m5')).toBe('dead');
    expect(new Set(mesh.changes('dead'))).toEqual(new Set(['m5']));
    const member = mesh.members.get('m0')!;
    const dueAtMs = member.pollTimeout();
    member.join(['absent', 'm1'], mesh.clock.nowMs);
    expect(member.pollTimeout()).toEqual(dueAtMs);
    expect(sentBy(member)).toMatchObject([{ to: 'absent', message: { kind: 'join' } }]);
  });

  it('S10: messages fit into a datagram and updates stop being sent', () => {
    const mesh = new Mesh(3);
    let gossip = 0;
    const send = mesh.network.send.bind(mesh.network);
    mesh.network.send = (from, to, message) => {
      if (message.kind !== 'join_reply' && message.kind !== 'join') {
        gossip += message.gossip.length;
        const bytes = message.gossip.reduce((sum, update) => sum + updateBytes(update), 0);
        expect(bytes).toBeLessThanOrEqual(profile.gossipBytesMax);
      }
      send(from, to, message);
    };
    mesh.startMany(20);
    mesh.clock.advance(120_000);
    gossip = 0;
    mesh.clock.advance(60_000);
    expect(gossip).toBe(0);
  });

  it('S10: a quiet mesh compares digests and sends no lists', () => {
    const mesh = new Mesh(4).startMany(20);
    mesh.clock.advance(120_000);
    const kinds: string[] = [];
    const send = mesh.network.send.bind(mesh.network);
    mesh.network.send = (from, to, message) => {
      kinds.push(message.kind);
      send(from, to, message);
    };
    mesh.clock.advance(60_000);
    expect(kinds).toContain('compare');
    expect(new Set(kinds)).toEqual(new Set(['compare', 'ping', 'ack']));
  });

  it('S10: a member that missed news is sent a list', () => {
    const mesh = new Mesh(5).startMany(6);
    mesh.clock.advance(30_000);
    const member = mesh.members.get('m1')!;
    member.forget('m4');
    expect(member.stateOf('m4')).toBeUndefined();
    mesh.clock.advance(30_000);
    expect(member.stateOf('m4')).toBe('alive');
  });
});

describe('one member', () => {
  const update: fc.Arbitrary<MemberUpdate> = fc
    .tuple(
      fc.constantFrom('a', 'b', 'self'),
      fc.nat({ max: 5 }),
      fc.constantFrom('alive' as const, 'suspect' as const, 'dead' as const, 'left' as const),
    )
    .map(([id, incarnation, state]) => updateOf(id, incarnation, state));

  function fresh(): Membership {
    const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
    member.join([], 0);
    return member;
  }

  it('S11: knows the newest claim in whatever order updates come', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 12 }), fc.nat(), (updates, seed) => {
        const view = (order: readonly MemberUpdate[]) => {
          const member = fresh();
          for (const one of order) member.handleMessage('a', { kind: 'gossip', gossip: [one] }, 0);
          const claims = member.members().map(({ claim }) => claim);
          return claims.toSorted((left, right) => (left.id < right.id ? -1 : 1));
        };
        expect(view(new SeededRandom(seed).shuffle(updates))).toEqual(view(updates));
      }),
    );
  });

  it('S11: no two updates supersede each other', () => {
    fc.assert(
      fc.property(update, update, (one, other) => !(supersedes(one, other) && supersedes(other, one))),
    );
  });

  it('S3: always outdoes what is said of it', () => {
    fc.assert(
      fc.property(fc.array(update), (updates) => {
        const member = fresh();
        for (const one of updates) {
          member.handleMessage('a', { kind: 'gossip', gossip: [one] }, 0);
          if (one.claim.id === 'self')
            expect(supersedes(one, { claim: member.claim, state: 'alive' })).toBe(false);
        }
      }),
    );
  });

  it('S12: refuses messages out of bounds and changes nothing', () => {
    const member = fresh();
    const good = updateOf('x', 0, 'alive');
    const claiming = (change: object) => ({ ...good, claim: { ...good.claim, ...change } }) as MemberUpdate;
    const bad = [
      claiming({ incarnation: -1 }),
      claiming({ incarnation: 1.5 }),
      claiming({ incarnation: 2 ** 53 }),
      claiming({ id: '' }),
      claiming({ id: 'x'.repeat(129) }),
      claiming({ status: 'toString' }),
      claiming({ status: 'left' }),
      claiming({ metadata: new Uint8Array(257) }),
      claiming({ signature: new Uint8Array(129) }),
      { ...good, state: 'toString' } as unknown as MemberUpdate,
      { ...good, state: 'left' } as MemberUpdate,
      { ...good, by: '' },
    ];
    for (const one of bad)
      expect(() => member.handleMessage('a', { kind: 'join', gossip: [good, one] }, 0)).toThrow(SwimError);
    const many = Array.from({ length: 5_000 }, () => good);
    expect(() => member.handleMessage('a', { kind: 'join', gossip: many }, 0)).toThrow(SwimError);
    expect(member.members()).toEqual([]);
    expect(member.pollOutput()).toBeUndefined();
  });

  it('S12: remembers no more members than the limit', () => {
    const member = fresh();
    for (let batch = 0; batch < 5; batch++) {
      const gossip = Array.from({ length: 1_000 }, (_, index) => updateOf(`x${batch}.${index}`, 0, 'alive'));
      member.handleMessage('a', { kind: 'join_reply', gossip }, 0);
    }
    expect(member.members()).toHaveLength(4_096);
  });

  it('wants no timeout before it joins and after it leaves, whatever it is told to say', () => {
    const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
    member.setMetadata(Uint8Array.of(1), 0);
    member.drain(0);
    expect(member.pollTimeout()).toBeUndefined();
    member.join([], 0);
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('x', 0, 'alive')] }, 0);
    member.leave();
    member.setMetadata(Uint8Array.of(2), 0);
    expect(member.pollTimeout()).toBeUndefined();
    expect(member.claim.status).toBe('left');
    sentBy(member);
    member.join([], 3_600_000);
    member.handleTimeout(3_600_100);
    // Of what it knew in its last life nothing is news.
    for (const { message } of sentBy(member))
      for (const { claim } of message.gossip) expect(claim.id).toBe('self');
  });

  it('S5: who has few to say goodbye to says it three times to each, since one that is lost makes it dead', () => {
    const member = fresh();
    for (const id of ['a', 'b'])
      member.handleMessage(id, { kind: 'gossip', gossip: [updateOf(id, 0, 'alive')] }, 0);
    sentBy(member);
    member.leave();
    expect(
      sentBy(member)
        .map(({ to }) => to)
        .sort(),
    ).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
  });

  it('S13: forgets the dead after the retention', () => {
    const member = fresh();
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('x', 0, 'dead')] }, 0);
    member.handleTimeout(profile.deadRetentionMs - 1);
    expect(member.stateOf('x')).toBe('dead');
    // That timeout was late, so the member takes itself for ill and takes two intervals for a probe.
    member.handleTimeout(profile.deadRetentionMs + 2 * profile.probeIntervalMs);
    expect(member.stateOf('x')).toBeUndefined();
  });

  it('refuses options that cannot work', () => {
    const random = () => 0;
    const options = { id: 'a', profile, random, signer };
    const withKnob = (knob: object) => () => new Membership({ ...options, profile: { ...profile, ...knob } });
    expect(() => new Membership({ ...options, id: '' })).toThrow(SwimError);
    expect(() => new Membership({ ...options, metadata: new Uint8Array(257) })).toThrow(SwimError);
    for (const incarnation of [-1, 0.5, Number.NaN, 2 ** 47 + 1])
      expect(() => new Membership({ ...options, incarnation })).toThrow(SwimError);
    expect(() => new Membership({ ...options, incarnation: 2 ** 47 })).not.toThrow();
    expect(withKnob({ probeTimeoutMs: profile.probeIntervalMs })).toThrow(SwimError);
    expect(withKnob({ indirectProbes: 0 })).toThrow(SwimError);
    expect(withKnob({ gossipBytesMax: 600 })).toThrow(SwimError);
    expect(withKnob({ suspicionMaxMultiplier: 0.5 })).toThrow(SwimError);
    expect(withKnob({ localHealthMax: 0 })).not.toThrow();
  });
});
