import { describe, expect, it } from 'vitest';
import { nameFreeAfterMs } from '../limits.js';
import { SimOwners, type SimSession } from '../testing/sim-owners.js';

const names = ['a@x'];

function meshOf(seed: number, relays: readonly string[] = ['A', 'B', 'C']): SimOwners {
  const mesh = new SimOwners(seed, relays);
  for (const [index, a] of relays.entries()) for (const b of relays.slice(index + 1)) mesh.peer(a, b);
  mesh.run();
  mesh.advance(1000);
  return mesh;
}

/** A process with its primary session at A and one that stands by at B. */
function stoodBy(mesh: SimOwners): { primary: SimSession; standby: SimSession } {
  const [identity, bootId] = [mesh.identity(), mesh.random.bytes(16)];
  const primary = mesh.session('A', { identity, bootId, names, sessionSeq: 5 });
  mesh.run();
  const standby = mesh.session('B', { identity, bootId, names, sessionSeq: 6, isStandby: true });
  mesh.run();
  return { primary, standby };
}

describe('a session that stands by', () => {
  it('stands beside the primary one, whose relay alone tells others of the name', () => {
    const mesh = meshOf(1);
    const { primary, standby } = stoodBy(mesh);
    mesh.advance(40_000);
    expect([primary.state, standby.state]).toEqual(['up', 'up']);
    expect(mesh.homes('a@x')).toEqual([primary, standby]);
    expect(mesh.owners('a@x')).toEqual([primary]);
    expect(mesh.relays.map(({ ownership }) => ownership.remoteNames)).toEqual([0, 1, 1]);
  });

  it('becomes the primary one at once, although the relay of the former is only silent', () => {
    const mesh = meshOf(2);
    const { primary, standby } = stoodBy(mesh);
    mesh.tamper = (message, from, to) => ([from, to].includes('A') ? undefined : message);
    mesh.promote(standby, 7);
    mesh.run();
    expect(mesh.relay('B').router.isStandby(standby.link)).toBe(false);
    expect(mesh.relay('C').ownership.knows('r', 'a@x')).toBe(true);
    const thief = { identity: mesh.identity(), names, sessionSeq: 99 };
    mesh.advance(30_000); // A counts as dead
    expect(mesh.session('C', thief).code).toBe('name_taken');
    expect(primary.state).toBe('up');
    mesh.tamper = (message) => message;
    mesh.advance(20_000);
    expect([primary.isSuperseded, standby.state]).toEqual([true, 'up']);
    expect(mesh.owners('a@x')).toEqual([standby]);
  });

  it('becomes the primary one although the former was renewed after it began', () => {
    const mesh = meshOf(3);
    const { primary, standby } = stoodBy(mesh);
    const { identity, bootId } = primary;
    const renewed = mesh.session('A', { identity, bootId, names, sessionSeq: 9 });
    mesh.run();
    expect([primary.isSuperseded, standby.isSuperseded]).toEqual([true, false]);
    mesh.promote(standby, 10);
    mesh.run();
    expect([renewed.isSuperseded, standby.isSuperseded]).toEqual([true, false]);
    expect(mesh.owners('a@x')).toEqual([standby]);
  });

  it('gives the name to a primary one of its process at the same relay, and takes it from none', () => {
    const mesh = meshOf(4);
    const { primary, standby } = stoodBy(mesh);
    const { identity, bootId } = primary;
    const of = { identity, bootId, names };
    const beside = mesh.session('A', { ...of, sessionSeq: 20, isStandby: true });
    expect([beside.code, primary.isSuperseded]).toEqual(['replaced', false]);
    const moved = mesh.session('B', { ...of, sessionSeq: 21 });
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([moved]);
    expect([standby.state, standby.isSuperseded]).toEqual(['up', true]);
  });

  it('is refused where another identity has the name, at every relay, and is no way to one', () => {
    const mesh = meshOf(5);
    const { primary } = stoodBy(mesh);
    for (const { name } of mesh.relays) {
      const thief = { identity: mesh.identity(), names, sessionSeq: 99, isStandby: true };
      expect(mesh.session(name, thief).code).toBe('name_taken');
    }
    mesh.end(primary, 'lost');
    mesh.run();
    for (const { name } of mesh.relays) {
      const thief = { identity: mesh.identity(), names, sessionSeq: 99, isStandby: true };
      expect(mesh.session(name, thief).code).toBe('name_taken'); // kept for its identity
    }
  });

  it('keeps no name from another identity that owns it elsewhere, unless its process owned it before', () => {
    const mesh = meshOf(6);
    const squatter = { identity: mesh.identity(), names, sessionSeq: 5, isStandby: true };
    const alone = mesh.session('B', squatter);
    mesh.advance(1000);
    const owner = mesh.session('A', { identity: mesh.identity(), names, sessionSeq: 1 });
    mesh.run();
    expect([owner.state, alone.code]).toEqual(['up', 'name_taken']);
    expect(mesh.session('B', { identity: mesh.identity(), names, sessionSeq: 1 }).code).toBe('name_taken');
  });

  it('with its process goes to a newer process, and takes nothing from that, whatever its number', () => {
    const mesh = meshOf(7);
    const { primary, standby } = stoodBy(mesh);
    const { identity, bootId } = primary;
    const after = mesh.session('C', { identity, names, sessionSeq: 7 });
    mesh.run();
    expect([primary.code, standby.code]).toEqual(['replaced', 'replaced']);
    for (const { name } of mesh.relays) {
      const ghost = mesh.session(name, { identity, bootId, names, sessionSeq: 1000, isStandby: true });
      expect(ghost.code, name).toBe('replaced');
    }
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([after]);
  });

  it('is no replacement that counts, and hides none: two hosts with one key are told apart as ever', () => {
    const mesh = meshOf(8);
    const identity = mesh.identity();
    const hosts = [mesh.random.bytes(16), mesh.random.bytes(16)];
    const codes: (string | undefined)[] = [];
    for (let round = 0; round < 5; round++) {
      const bootId = hosts[round % 2]!;
      const primary = mesh.session('A', { identity, bootId, names, sessionSeq: 10 * round + 1 });
      mesh.run();
      mesh.advance(1000);
      codes.push(primary.code);
      if (primary.state !== 'up') continue;
      mesh.session('B', { identity, bootId, names, sessionSeq: 10 * round + 2, isStandby: true });
      mesh.run();
      mesh.advance(1000);
    }
    expect(codes).toEqual([undefined, undefined, undefined, undefined, 'identity_conflict']);
  });

  it('that is lost keeps the name from nobody', () => {
    const mesh = meshOf(9);
    const { primary, standby } = stoodBy(mesh);
    mesh.end(standby, 'lost');
    mesh.end(primary, 'goodbye');
    mesh.run();
    const next = mesh.session('B', { identity: mesh.identity(), names, sessionSeq: 1 });
    expect(next.state).toBe('up');
  });

  it('whose process is gone with its relay keeps the name from others until it would have been free anyway', () => {
    const mesh = meshOf(10);
    const { primary, standby } = stoodBy(mesh);
    mesh.end(primary, 'lost');
    mesh.run();
    standby.isAnswering = false;
    mesh.advance(nameFreeAfterMs + 2000);
    const next = mesh.session('B', { identity: mesh.identity(), names, sessionSeq: 1 });
    expect(next.state).toBe('up');
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([next]);
  });

  it('is of its realm only', () => {
    const mesh = meshOf(11);
    stoodBy(mesh);
    const other = { identity: mesh.identity(), names, sessionSeq: 1, realm: 'other', isStandby: true };
    expect(mesh.session('B', other).state).toBe('up');
    expect(mesh.homes('a@x')).toHaveLength(2);
  });
});
