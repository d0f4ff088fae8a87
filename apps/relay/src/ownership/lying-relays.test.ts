import {
  decodeOwnedEntry,
  encodeOwnedEntry,
  type Owned,
  type OwnedClaim,
  type OwnedEntry,
  ownedAgeMsMax,
  signOwned,
} from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { ownedOriginsKnownMax } from '../limits.js';
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

/** Each relay is peered with the next one of these pairs only. */
const joined = (seed: number, relays: readonly string[], pairs: readonly string[]): SimOwners => {
  const mesh = new SimOwners(seed, relays);
  for (const pair of pairs) mesh.peer(pair[0]!, pair[1]!);
  mesh.run();
  mesh.advance(6000);
  return mesh;
};

const known = (mesh: SimOwners): number[] => mesh.relays.map(({ ownership }) => ownership.remoteNames);

/** Something that a relay of this mesh says, signed. */
function saidBy(
  mesh: SimOwners,
  name: string,
  { version, entry }: { version: number; entry: OwnedEntry },
): Owned {
  const { identity } = mesh.relay(name);
  const place = { origin: identity.publicKey, epoch: wallStartMs, version };
  const bytes = encodeOwnedEntry(entry);
  const signature = signOwned(identity, place, bytes);
  return { kind: 'owned', ...place, from: version - 1, ageMs: 0, more: false, entry: bytes, signature };
}

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

  it('is not believed after one forgery, so that a hundred cost no more', () => {
    const mesh = star(26);
    const claim: OwnedClaim = {
      ...{ kind: 'claim', session: 900, realm: 'r', identity: mesh.identity().publicKey },
      ...{ bootId: new Uint8Array(16), sessionSeq: 99, claimSeq: 0, names: ['a@x'], since: [1] },
      claim: new Uint8Array(64),
    };
    for (let session = 900; session < 1000; session++) mesh.lie('A', { ...claim, session });
    mesh.run();
    expect(known(mesh)).toEqual([0, 0, 0, 0]);
    const owner = mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(owner.state).toBe('up');
    mesh.advance(1000);
    const forged = { what: 'forged_claim', origin: mesh.relay('A').identity.publicKey };
    expect(mesh.relay('B').notes).toEqual([forged]);
  });

  it('is believed again a minute after a forgery, also in what it said before', () => {
    const mesh = star(27);
    mesh.tamper = (message, from) => {
      if (from !== 'A' || !isClaim(message)) return message;
      const said = decodeOwnedEntry(message.entry) as OwnedClaim;
      if (!said.names.includes('forged@x')) return message;
      const entry = encodeOwnedEntry({ ...said, claim: new Uint8Array(64) });
      return { ...message, entry, signature: signOwned(mesh.relay('A').identity, message, entry) };
    };
    for (const names of [['honest@x'], ['forged@x']])
      mesh.session('A', { identity: mesh.identity(), names, sessionSeq: 1 });
    mesh.run();
    expect(known(mesh)).toEqual([2, 0, 2, 2]);
    const other = mesh.session('B', { identity: mesh.identity(), names: ['forged@x'], sessionSeq: 1 });
    expect([other.state, mesh.relay('B').ownership.remoteNames]).toEqual(['up', 0]);
    mesh.end(other, 'goodbye');
    mesh.advance(65_000);
    const thief = mesh.session('B', { identity: mesh.identity(), names: ['honest@x'], sessionSeq: 1 });
    expect(thief.code).toBe('name_taken');
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
    const entry = encodeOwnedEntry({ kind: 'beat', digest: new Uint8Array(16) });
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

describe('a relay on the way that lies', () => {
  it.each([
    ['of a kind that nobody knows', { kind: 'later' } as unknown as OwnedEntry],
    [
      'of a conflict',
      {
        ...{ kind: 'conflict', realm: 'r', identity: new Uint8Array(32), bootId: new Uint8Array(16) },
        sessionSeq: 1,
      } satisfies OwnedEntry,
    ],
  ])('has an entry %s behind a gap go round only once', (_what, entry) => {
    const mesh = joined(20, ['A', 'B', 'C', 'D', 'E', 'F'], ['AB', 'BC', 'BD', 'CE', 'DE', 'CF', 'DF']);
    const before = mesh.delivered;
    const owned = saidBy(mesh, 'A', { version: 1000, entry });
    mesh.tamper = (message, from) => (from === 'A' && message !== owned ? undefined : message);
    mesh.say('A', 'B', owned);
    mesh.run(3000);
    expect(mesh.delivered - before).toBeLessThan(30);
  });

  it('wipes nothing by saying that all before an entry is over', () => {
    const mesh = joined(21, ['A', 'L', 'B'], ['AL', 'LB']);
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    mesh.tamper = (message, from) =>
      from === 'L' && message.kind === 'owned' ? { ...message, from: 0 } : message;
    mesh.session('A', { identity: mesh.identity(), names: ['b@x'], sessionSeq: 1 });
    mesh.run();
    expect(mesh.relay('B').ownership.remoteNames).toBe(2);
    mesh.advance(20_000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(2);
  });

  it('does not get away with leaving out a claim where another way leads to who made it', () => {
    const mesh = joined(22, ['A', 'L', 'H', 'B'], ['AL', 'AH', 'LB', 'HB']);
    mesh.tamper = (message, from, to) => {
      if (to !== 'B' || message.kind !== 'owned') return message;
      // L is always first, and says that there is nothing behind what it leaves out.
      const isLeftOut = isClaim(message) && (from === 'L' || mesh.nowMs < 6500);
      if (isLeftOut) return undefined;
      return from === 'L' ? { ...(message as Owned), from: 0 } : message;
    };
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    expect(mesh.relay('B').ownership.remoteNames).toBe(0);
    mesh.advance(20_000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(1);
  });

  it('does not get away with leaving out a release, also where the list takes several answers', () => {
    const mesh = joined(23, ['A', 'L', 'H', 'B'], ['AL', 'AH', 'LB', 'HB']);
    const names = (of: number): string[] =>
      Array.from({ length: 60 }, (_, index) => `${of}-${index}@${'x'.repeat(30)}`);
    const sessions = Array.from({ length: 200 }, (_, of) =>
      mesh.session('A', { identity: mesh.identity(), names: names(of), sessionSeq: 1 }),
    );
    mesh.advance(1000);
    let cuts = 0;
    mesh.tamper = (message, from, to) => {
      if (to !== 'B' || message.kind !== 'owned') return message;
      if (Buffer.from(message.entry).toString('latin1').includes('release')) return undefined;
      if (message.more) cuts++;
      return from === 'L' ? { ...message, from: 0 } : message;
    };
    mesh.end(sessions[100]!, 'goodbye');
    mesh.run();
    expect(mesh.relay('B').ownership.remoteNames).toBe(200 * 60);
    mesh.advance(20_000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(199 * 60);
    expect(cuts).toBeGreaterThan(0);
  });

  it('keeps nobody out of the table by making up relays', () => {
    const mesh = joined(25, ['L', 'B', 'A'], ['LB']);
    const entry = encodeOwnedEntry({ kind: 'beat', digest: new Uint8Array(16) });
    for (let made = 0; made < ownedOriginsKnownMax + 8; made++) {
      const identity = mesh.identity();
      const place = { origin: identity.publicKey, epoch: 1, version: 1 };
      const signature = signOwned(identity, place, entry);
      mesh.say('L', 'B', { kind: 'owned', ...place, from: 0, ageMs: 0, more: false, entry, signature });
    }
    mesh.run();
    mesh.peer('A', 'B');
    mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 5 });
    mesh.advance(1000);
    const thief = mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(thief.code).toBe('name_taken');
  });

  it('has no other relay say an age that can not be read', () => {
    const mesh = joined(24, ['L', 'B', 'C'], ['LB']);
    const ages: number[] = [];
    mesh.tamper = (message, from) => {
      if (message.kind !== 'owned') return message;
      if (from === 'L') return { ...message, ageMs: Number.MAX_SAFE_INTEGER };
      ages.push(message.ageMs);
      return message;
    };
    mesh.session('L', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(6000);
    mesh.peer('B', 'C');
    mesh.advance(6000);
    expect(ages.length).toBeGreaterThan(0);
    expect(Math.max(...ages)).toBeLessThanOrEqual(ownedAgeMsMax);
  });
});
