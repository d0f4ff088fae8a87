import { type Owned, type OwnedClaim, signOwned } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { SimOwners, wallStartMs } from '../testing/sim-owners.js';

/** What relays tell each other of a session's names, as bytes. */
function isClaim(message: { kind: string; entry?: Uint8Array }): message is Owned {
  return message.kind === 'owned' && Buffer.from(message.entry!).toString('latin1').includes('claim');
}

const star = (seed: number, spokes = ['A', 'B', 'C'], strangers: string[] = []): SimOwners => {
  const mesh = new SimOwners(seed, ['H', ...spokes], strangers);
  for (const spoke of spokes) mesh.peer('H', spoke);
  mesh.run();
  mesh.advance(6000);
  return mesh;
};

const known = (mesh: SimOwners): number[] => mesh.relays.map(({ ownership }) => ownership.remoteNames);

describe('what relays say', () => {
  it('costs one message per other relay in a full mesh', () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
    const mesh = new SimOwners(1, names);
    for (const [index, a] of names.entries()) for (const b of names.slice(index + 1)) mesh.peer(a, b);
    mesh.run();
    mesh.advance(6000);
    const before = mesh.delivered;
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    expect(mesh.delivered - before).toBe(names.length - 1);
    expect(known(mesh)).toEqual([0, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('a relay that comes later learns all there is at once, in answers of bounded size', () => {
    const mesh = star(2, ['A', 'B']);
    for (let session = 0; session < 400; session++) {
      const names = Array.from({ length: 30 }, (_, index) => `n${session}-${index}@${'x'.repeat(20)}`);
      mesh.session(session % 2 === 0 ? 'A' : 'B', { identity: mesh.identity(), names, sessionSeq: 1 });
    }
    mesh.run();
    mesh.restart('B');
    mesh.advance(100_000);
    let cuts = 0;
    mesh.tamper = (message) => {
      if (message.kind === 'owned' && message.more) cuts++;
      return message;
    };
    mesh.peer('H', 'B');
    mesh.run();
    expect(mesh.relay('B').ownership.remoteNames).toBe(200 * 30);
    expect(cuts).toBeGreaterThan(0);
  });

  it('is complete again after a peering swallowed everything for a while', () => {
    const mesh = new SimOwners(3, ['A', 'B']);
    const { cut, darken } = mesh.peer('A', 'B');
    mesh.run();
    mesh.advance(1000);
    const early = mesh.session('A', { identity: mesh.identity(), names: ['early@x'], sessionSeq: 1 });
    mesh.run();
    darken();
    mesh.end(early, 'goodbye');
    mesh.session('A', { identity: mesh.identity(), names: ['late@x'], sessionSeq: 1 });
    mesh.advance(10_000);
    cut();
    mesh.peer('A', 'B');
    mesh.run();
    expect(known(mesh)).toEqual([0, 1]);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['early@x'], sessionSeq: 1 }).state).toBe(
      'up',
    );
  });

  it.each([
    ['that was short', 20_000],
    ['that was so long that releases are forgotten', 200_000],
  ])('is complete again after a partition %s, also behind the relay that was cut off', (_what, ms) => {
    const mesh = new SimOwners(4, ['A', 'H', 'I', 'B']);
    mesh.peer('A', 'H');
    mesh.peer('I', 'B');
    const bridge = mesh.peer('H', 'I');
    mesh.advance(6000);
    const gone = mesh.session('A', { identity: mesh.identity(), names: ['gone@x'], sessionSeq: 1 });
    mesh.session('A', { identity: mesh.identity(), names: ['kept@x'], sessionSeq: 1 });
    mesh.run();
    expect(known(mesh)).toEqual([0, 2, 2, 2]);
    bridge.cut();
    mesh.end(gone, 'goodbye');
    mesh.session('A', { identity: mesh.identity(), names: ['new@x'], sessionSeq: 1 });
    mesh.session('B', { identity: mesh.identity(), names: ['other@x'], sessionSeq: 1 });
    mesh.advance(ms);
    mesh.peer('H', 'I');
    mesh.run();
    mesh.advance(6000);
    expect(known(mesh)).toEqual([1, 3, 3, 2]);
  });

  it('is asked for when a neighbour falls silent without its peering breaking', () => {
    const mesh = new SimOwners(5, ['A', 'B', 'C']);
    const { darken } = mesh.peer('A', 'B');
    mesh.peer('A', 'C');
    mesh.peer('B', 'C');
    mesh.run();
    mesh.advance(6000);
    darken();
    const owner = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(13_000);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
    expect(owner.state).toBe('up');
  });
});

describe('a relay that dies', () => {
  it('keeps the names of its sessions for 15 s, for their identities', () => {
    const mesh = star(6);
    const identity = mesh.identity();
    mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
    mesh.session('A', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 });
    mesh.advance(5000);
    mesh.restart('A'); // and is not peered again
    mesh.advance(9000);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
    expect(mesh.session('C', { identity, names: ['a@x'], sessionSeq: 2 }).state).toBe('up');
    mesh.advance(7000);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 }).state).toBe('up');
  });

  it('and begins a new life keeps them as long', () => {
    const mesh = star(7);
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(5000);
    mesh.restart('A');
    mesh.peer('H', 'A');
    mesh.run();
    mesh.advance(9000);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
    mesh.advance(7000);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).state).toBe('up');
  });

  it('is heard in its new life, also when its clock was set back', () => {
    const mesh = star(8);
    mesh.restart('A', 86_400_000);
    mesh.peer('H', 'A');
    mesh.advance(6000);
    mesh.restart('A', -86_400_000);
    mesh.peer('H', 'A');
    mesh.advance(6000);
    const owner = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    expect(mesh.relay('A').notes).toEqual([{ what: 'epoch_raised' }]);
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
    mesh.advance(20_000);
    expect(mesh.owners('a@x')).toEqual([owner]);
    expect(known(mesh)).toEqual([1, 0, 1, 1]);
  });

  it('stood still for a while and does not think that all others had', () => {
    const mesh = star(9);
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    const { router } = mesh.relay('B');
    router.handleTimeout(mesh.nowMs + 30_000);
    mesh.nowMs += 30_000;
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
  });
});

describe('a partition in which both sides gave a name away', () => {
  it('ends with one owner, the one who had it first, and everybody agrees', () => {
    const mesh = new SimOwners(10, ['A', 'B', 'C']);
    const bridge = mesh.peer('A', 'B');
    mesh.peer('B', 'C');
    mesh.advance(6000);
    const first = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    bridge.cut();
    mesh.advance(16_000);
    const second = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(second.state).toBe('up');
    mesh.advance(100_000);
    mesh.peer('A', 'B');
    mesh.advance(6000);
    expect(second.code).toBe('name_taken');
    expect(mesh.owners('a@x')).toEqual([first]);
  });

  it('keeps the time at which an identity got a name when it moves', () => {
    const mesh = star(11);
    const identity = mesh.identity();
    mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
    mesh.advance(5000);
    const said: number[] = [];
    mesh.tamper = (message) => {
      if (isClaim(message)) said.push(message.version);
      return message;
    };
    const moved = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 2 });
    mesh.run();
    const [since] = mesh.relay('B').ownership.names.session(moved.link)!.names.values();
    expect(since).toBeLessThan(wallStartMs + mesh.nowMs - 4000);
    expect(said.length).toBeGreaterThan(0);
  });
});

describe('a lying relay', () => {
  it.each<[string, (message: Owned) => Owned]>([
    ['alters what another said', (m) => ({ ...m, entry: Uint8Array.from([...m.entry.slice(0, -1), 0]) })],
    ['says it at another place', (m) => ({ ...m, version: m.version + 1 })],
    ['says it in a later life', (m) => ({ ...m, epoch: m.epoch + 1 })],
    ['says it without signature', (m) => ({ ...m, signature: new Uint8Array(64) })],
    ['says it for a key that nobody has', (m) => ({ ...m, origin: new Uint8Array(32) })],
    ['sends what can not be read', (m) => ({ ...m, entry: Uint8Array.of(0xc1) })],
  ])('that %s changes nothing', (_what, forge) => {
    const mesh = star(12);
    const victim = mesh.identity();
    const owner = mesh.session('B', { identity: victim, names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    mesh.tamper = (message, from) => (from === 'H' && isClaim(message) ? forge(message) : message);
    mesh.session('A', { identity: victim, names: ['a@x'], sessionSeq: 9 });
    mesh.run();
    expect(owner.state).toBe('up');
  });

  it('can not claim for an agent: what the agent did not sign evicts nobody and blocks nobody', () => {
    const mesh = star(13);
    const victim = mesh.identity();
    const owner = mesh.session('B', { identity: victim, names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    const liar = mesh.relay('A');
    const claim: OwnedClaim = {
      kind: 'claim',
      ...{ session: 900, realm: 'r', identity: victim.publicKey, bootId: new Uint8Array(16) },
      ...{ sessionSeq: 99, claimSeq: 0, names: ['a@x', 'b@x'], since: [1, 1], claim: new Uint8Array(64) },
    };
    mesh.lie('A', claim);
    // Neither with another identity, nor with a claim that was made to another relay.
    mesh.lie('A', { ...claim, session: 901, identity: mesh.identity().publicKey });
    const { signature, bootId } = owner;
    const elsewhere = { session: 902, sessionSeq: 1, names: ['a@x'], since: [1], claim: signature, bootId };
    mesh.lie('A', { ...claim, ...elsewhere });
    mesh.run();
    mesh.advance(2000);
    expect(owner.state).toBe('up');
    expect(mesh.session('C', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 }).state).toBe('up');
    mesh.advance(1000);
    const forged = { what: 'forged_claim', origin: liar.identity.publicKey };
    expect(mesh.relay('B').notes).toContainEqual(forged);
    expect(mesh.relay('C').notes).toContainEqual(forged);
  });

  it('can not bring back what an agent claimed earlier', () => {
    const mesh = star(14);
    const identity = mesh.identity();
    const recorded: Owned[] = [];
    mesh.tamper = (message, from, to) => {
      if (from === 'H' && to === 'B' && isClaim(message)) recorded.push(message);
      return message;
    };
    const old = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    mesh.end(old, 'goodbye');
    const present = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 2 });
    mesh.advance(100_000);
    expect(recorded).toHaveLength(1);
    for (const from of [0, recorded[0]!.from]) {
      mesh.say('H', 'B', { ...recorded[0]!, from });
      mesh.run();
      expect(present.state).toBe('up');
    }
    mesh.advance(10_000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(0);
  });

  it('can not say what a relay has withdrawn, nor bring it back, where that relay is heard itself', () => {
    const mesh = new SimOwners(18, ['A', 'B', 'H']);
    const said: Owned[] = [];
    mesh.tamper = (message, from) => {
      if (from === 'B' && message.kind === 'owned') said.push(message);
      return message;
    };
    const first = mesh.session('B', { identity: mesh.identity(), names: ['first@x'], sessionSeq: 1 });
    for (const pair of ['AB', 'AH', 'BH']) mesh.peer(pair[0]!, pair[1]!);
    mesh.run();
    mesh.session('B', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 });
    mesh.session('B', { identity: mesh.identity(), names: ['c@x'], sessionSeq: 1 });
    mesh.run();
    mesh.say('H', 'A', { ...said.at(-1)!, from: 0 });
    mesh.run();
    expect(mesh.relay('A').ownership.remoteNames).toBe(3);
    mesh.end(first, 'goodbye');
    mesh.advance(100_000);
    const claim = said.find(({ version }) => version === 1)!;
    expect(isClaim(claim)).toBe(true);
    mesh.say('H', 'A', { ...claim, from: 0 });
    mesh.run();
    expect(mesh.relay('A').ownership.remoteNames).toBe(2);
  });

  it('can not freeze another by a higher epoch that it makes up', () => {
    const mesh = star(15);
    const beats: Owned[] = [];
    mesh.tamper = (message, from, to) => {
      if (message.kind === 'owned' && from === 'H' && to === 'A') beats.push(message);
      return message;
    };
    mesh.advance(6000);
    const { identity } = mesh.relay('A');
    mesh.say('H', 'A', { ...beats[0]!, origin: identity.publicKey, epoch: Number.MAX_SAFE_INTEGER - 1 });
    mesh.run();
    expect(mesh.relay('A').notes).toEqual([]);
  });

  it('without admission is not heard, neither itself nor through others', () => {
    const mesh = star(16, ['A', 'B'], ['X']);
    mesh.peer('H', 'X');
    mesh.advance(6000);
    mesh.session('X', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(6000);
    expect(known(mesh)).toEqual([0, 0, 0, 0]);
    const x = mesh.relay('X');
    const place = { origin: x.identity.publicKey, epoch: 1, version: 1 };
    const entry = Uint8Array.from(Buffer.from('81a46b696e64a462656174', 'hex'));
    const signature = signOwned(x.identity, place, entry);
    mesh.say('H', 'A', { kind: 'owned', ...place, from: 0, ageMs: 0, entry, signature, more: false });
    mesh.run();
    expect(known(mesh)).toEqual([0, 0, 0, 0]);
  });

  it('whose key is removed is forgotten at once, with all it said', () => {
    const mesh = star(17);
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    expect(known(mesh)).toEqual([1, 0, 1, 1]);
    mesh.strike('A');
    expect(known(mesh)).toEqual([0, 0, 0, 0]);
    expect(mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).state).toBe('up');
  });
});
