import { type Identity, identityFromSeed } from '@macula/crypto';
import { decodeMessage, encodeMessage, swimProfiles } from '@macula/swim';
import { SeededRandom, VirtualClock } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { Members } from './members.js';

/** Relays with peerings that can be cut, driven as `Peerings` does it. */
class SimMembers {
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(1);
  readonly identities = new Map<string, Identity>();
  readonly struckOff = new Set<string>();
  readonly #members = new Map<string, Members>();
  readonly #peerings = new Set<string>();
  /** Sees, and may replace, what goes from one relay to another. */
  tamper: (message: Uint8Array, from: string, to: string) => Uint8Array = (message) => message;

  constructor(names: readonly string[]) {
    for (const name of names) {
      const identity = identityFromSeed(this.random.bytes(32));
      this.identities.set(name, identity);
      const members = new Members({
        identity,
        profile: swimProfiles.local,
        random: () => this.random.next(),
        incarnation: 1,
        admits: (key) => !this.struckOff.has(Buffer.from(key).toString('base64url')),
        reaches: (to) => this.#peerings.has(`${identity.id} ${to}`),
      });
      this.#members.set(identity.id, members);
      members.start({ url: `https://${name}`, label: name }, 0);
      this.#run(identity.id);
    }
  }

  id(name: string): string {
    return this.identities.get(name)!.id;
  }

  of(name: string): Members {
    return this.#members.get(this.id(name))!;
  }

  states(name: string): Record<string, string> {
    return Object.fromEntries(
      this.of(name)
        .all()
        .map(({ label, state }) => [label, state]),
    );
  }

  peer(a: string, b: string): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#peerings.add(`${this.id(from)} ${this.id(to)}`);
      this.of(from).handlePeerUp(this.id(to));
    }
    for (const name of [a, b]) this.#run(this.id(name));
  }

  cut(a: string, b: string): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      this.#peerings.delete(`${this.id(from)} ${this.id(to)}`);
  }

  #run(id: string): void {
    const members = this.#members.get(id)!;
    for (let output = members.pollOutput(); output !== undefined; output = members.pollOutput()) {
      if (output.kind !== 'swim' || !this.#peerings.has(`${id} ${output.to}`)) continue;
      const { to } = output;
      const message = this.tamper(output.message, id, to);
      this.clock.schedule(5, () => {
        this.#members.get(to)!.handleMessage(id, message, this.clock.nowMs);
        this.#run(to);
      });
    }
    const atMs = members.pollTimeout();
    if (atMs === undefined) return;
    this.#timers.get(id)?.();
    this.#timers.set(
      id,
      this.clock.scheduleAt(Math.max(atMs, this.clock.nowMs + 1), () => {
        members.handleTimeout(this.clock.nowMs);
        this.#run(id);
      }),
    );
  }

  readonly #timers = new Map<string, () => void>();
}

function meshOf(names: readonly string[]): SimMembers {
  const mesh = new SimMembers(names);
  for (const [index, a] of names.entries()) for (const b of names.slice(index + 1)) mesh.peer(a, b);
  mesh.clock.advance(2000);
  return mesh;
}

describe('members', () => {
  it('know each other and what they say of themselves through one that knows all', () => {
    const mesh = new SimMembers(['A', 'B', 'C']);
    mesh.peer('A', 'B');
    mesh.peer('B', 'C');
    mesh.clock.advance(2000);
    expect(mesh.states('A')).toEqual({ B: 'alive', C: 'alive' });
    expect(
      mesh
        .of('A')
        .all()
        .find(({ label }) => label === 'C'),
    ).toMatchObject({
      id: mesh.id('C'),
      url: 'https://c:4433',
      isDraining: false,
    });
  });

  it('a broken peering makes nobody dead', () => {
    const mesh = meshOf(['A', 'B', 'C', 'D']);
    mesh.cut('A', 'B');
    mesh.clock.advance(60_000);
    expect(mesh.states('A')).toEqual({ B: 'alive', C: 'alive', D: 'alive' });
    expect(mesh.states('B')).toEqual({ A: 'alive', C: 'alive', D: 'alive' });
  });

  it('that only peer with a few are declared dead by nobody', () => {
    const hubs = ['A', 'B'];
    const others = Array.from({ length: 12 }, (_, index) => `behind NAT ${index}`);
    const mesh = new SimMembers([...hubs, ...others]);
    mesh.peer('A', 'B');
    for (const other of others) for (const hub of hubs) mesh.peer(other, hub);
    for (let second = 0; second < 60; second++) {
      mesh.clock.advance(1000);
      for (const name of [...hubs, ...others])
        expect(Object.values(mesh.states(name)), name).not.toContain('dead');
    }
    for (const name of [...hubs, ...others])
      expect(Object.values(mesh.states(name)), name).toEqual(Array(13).fill('alive'));
  });

  it('one that is cut off from all is dead, and alive again when it has a peering', () => {
    const mesh = meshOf(['A', 'B', 'C']);
    mesh.cut('A', 'C');
    mesh.cut('B', 'C');
    mesh.clock.advance(20_000);
    expect(mesh.states('A')).toEqual({ B: 'alive', C: 'dead' });
    mesh.peer('B', 'C');
    mesh.clock.advance(2000);
    expect(mesh.states('A')).toEqual({ B: 'alive', C: 'alive' });
  });

  it('one whose key is removed is forgotten, and stays away', () => {
    const mesh = meshOf(['A', 'B', 'C']);
    mesh.struckOff.add(mesh.id('C'));
    mesh.of('A').handleAdmissionChanged();
    expect(mesh.states('A')).toEqual({ B: 'alive' });
    mesh.clock.advance(10_000);
    expect(mesh.states('A')).toEqual({ B: 'alive' });
  });

  it('do not believe what another relay signed, or changed', () => {
    const mesh = new SimMembers(['A', 'B', 'C']);
    mesh.tamper = (message, from) => {
      if (from !== mesh.id('B')) return message;
      const read = decodeMessage(message);
      const gossip = read.gossip.map((update) =>
        update.claim.id === mesh.id('C')
          ? { ...update, claim: { ...update.claim, metadata: Uint8Array.of(1, 0, 88), incarnation: 99 } }
          : update,
      );
      return encodeMessage({ ...read, gossip }, 48 * 1024)[0]!;
    };
    mesh.peer('A', 'B');
    mesh.peer('B', 'C');
    mesh.clock.advance(5000);
    expect(mesh.states('A')).toEqual({ B: 'alive' });
    mesh.tamper = (message) => message;
    mesh.clock.advance(10_000);
    expect(mesh.states('A')).toEqual({ B: 'alive', C: 'alive' });
  });

  it('drain and leave by their own word', () => {
    const mesh = meshOf(['A', 'B', 'C']);
    mesh.of('C').drain(mesh.clock.nowMs);
    mesh.clock.advance(1000);
    expect(
      mesh
        .of('A')
        .all()
        .find(({ id }) => id === mesh.id('C')),
    ).toMatchObject({ state: 'alive', isDraining: true });
  });
});
