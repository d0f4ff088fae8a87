import {
  type LinkOptions,
  SeededRandom,
  SimulatedNetwork,
  seedsOf,
  VirtualClock,
  withReplayHint,
} from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type MemberState,
  Membership,
  type MemberUpdate,
  SwimError,
  type SwimMessage,
  type SwimOutput,
  supersedes,
  swimProfiles,
} from './index.js';

const command = 'npx vitest run --project unit packages/swim';
const profile = swimProfiles.lan;

/** Members on a simulated network; each is driven exactly as a shell would. */
class Mesh {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork<SwimMessage>;
  readonly members = new Map<string, Membership>();
  readonly events: (Exclude<SwimOutput, { kind: 'send' }> & { at: string; nowMs: number })[] = [];
  readonly #cancels = new Map<string, () => void>();

  constructor(seed: number, options: Partial<LinkOptions> = {}) {
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(this.clock, this.random.fork(), {
      delayMs: 10,
      jitterMs: 20,
      ...options,
    });
  }

  start(id: string, seeds: readonly string[], incarnation = 0): Membership {
    const member = new Membership({ id, profile, incarnation, random: this.random.fork().next });
    this.members.set(id, member);
    this.network.attach(id, (from, message) => {
      member.handleMessage(from, message, this.clock.nowMs);
      this.drain(id);
    });
    member.join(seeds, this.clock.nowMs);
    this.drain(id);
    return member;
  }

  startMany(count: number): this {
    for (let index = 0; index < count; index++) this.start(`m${index}`, ['m0']);
    return this;
  }

  kill(id: string): void {
    this.network.detach(id);
    this.#cancels.get(id)?.();
    this.members.delete(id);
  }

  drain(id: string): void {
    const member = this.members.get(id)!;
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput()) {
      if (output.kind === 'send') this.network.send(id, output.to, output.message);
      else this.events.push({ ...output, at: id, nowMs: this.clock.nowMs });
    }
    this.#cancels.get(id)?.();
    const timeout = member.pollTimeout();
    if (timeout === undefined) return;
    this.#cancels.set(
      id,
      this.clock.scheduleAt(timeout.atMs, () => {
        member.handleTimeout(this.clock.nowMs);
        this.drain(id);
      }),
    );
  }

  /** What each member says of `id`, without repetition. */
  opinions(id: string): (MemberState | undefined)[] {
    const others = [...this.members.values()].filter((member) => member.id !== id);
    return [...new Set(others.map((member) => member.stateOf(id)))];
  }

  changes(state: MemberState): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'changed' && event.state === state ? [event.id] : [],
    );
  }
}

function withSeeds(count: number, test: (seed: number) => void): void {
  for (const seed of seedsOf(process.env, count)) withReplayHint(seed, command, () => test(seed));
}

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
      const liar: SwimMessage = { kind: 'gossip', gossip: [{ id: 'm3', incarnation: 0, state: 'suspect' }] };
      mesh.network.send('m9', 'm4', liar);
      mesh.clock.advance(20_000);
      expect(mesh.members.get('m3')?.incarnation).toBeGreaterThan(0);
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

  it('S10: messages stay small and updates stop being sent', () => {
    const mesh = new Mesh(3);
    let gossip = 0;
    const send = mesh.network.send.bind(mesh.network);
    mesh.network.send = (from, to, message) => {
      if (message.kind !== 'join_reply' && message.kind !== 'join') {
        gossip += message.gossip.length;
        expect(message.gossip.length).toBeLessThanOrEqual(profile.gossipPerMessageMax + 1);
      }
      send(from, to, message);
    };
    mesh.startMany(20);
    mesh.clock.advance(120_000);
    gossip = 0;
    mesh.clock.advance(60_000);
    expect(gossip).toBe(0);
  });
});

describe('one member', () => {
  const state = fc.constantFrom<MemberState>('alive', 'suspect', 'dead', 'left');
  const update: fc.Arbitrary<MemberUpdate> = fc.record({
    id: fc.constantFrom('a', 'b', 'self'),
    incarnation: fc.nat({ max: 5 }),
    state,
  });

  function fresh(): Membership {
    const member = new Membership({ id: 'self', profile, random: new SeededRandom(1).next });
    member.join([], 0);
    return member;
  }

  it('S11: ends with the same view in whatever order updates come', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 12 }), fc.nat(), (updates, seed) => {
        const view = (order: readonly MemberUpdate[]) => {
          const member = fresh();
          for (const one of order) member.handleMessage('a', { kind: 'gossip', gossip: [one] }, 0);
          return member.members().toSorted((left, right) => (left.id < right.id ? -1 : 1));
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
          if (one.id === 'self')
            expect(supersedes(one, { id: 'self', incarnation: member.incarnation, state: 'alive' })).toBe(
              false,
            );
        }
      }),
    );
  });

  it('S12: refuses messages out of bounds and changes nothing', () => {
    const member = fresh();
    const good: MemberUpdate = { id: 'x', incarnation: 0, state: 'alive' };
    const bad = [
      { ...good, incarnation: -1 },
      { ...good, incarnation: 1.5 },
      { ...good, incarnation: 2 ** 53 },
      { ...good, id: '' },
      { ...good, id: 'x'.repeat(129) },
      { ...good, state: 'toString' as MemberState },
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
      const gossip = Array.from({ length: 1_000 }, (_, index): MemberUpdate => {
        return { id: `x${batch}.${index}`, incarnation: 0, state: 'alive' };
      });
      member.handleMessage('a', { kind: 'join_reply', gossip }, 0);
    }
    expect(member.members()).toHaveLength(4_096);
  });

  it('S13: forgets the dead after the retention', () => {
    const member = fresh();
    member.handleMessage('a', { kind: 'gossip', gossip: [{ id: 'x', incarnation: 0, state: 'dead' }] }, 0);
    member.handleTimeout(profile.deadRetentionMs - 1);
    expect(member.stateOf('x')).toBe('dead');
    member.handleTimeout(profile.deadRetentionMs + profile.probeIntervalMs);
    expect(member.stateOf('x')).toBeUndefined();
  });

  it('refuses options that cannot work', () => {
    const random = () => 0;
    expect(() => new Membership({ id: '', profile, random })).toThrow(SwimError);
    const slow = { ...profile, probeTimeoutMs: profile.probeIntervalMs };
    expect(() => new Membership({ id: 'a', profile: slow, random })).toThrow(SwimError);
    expect(() => new Membership({ id: 'a', profile: { ...profile, indirectProbes: 0 }, random })).toThrow(
      SwimError,
    );
  });
});
