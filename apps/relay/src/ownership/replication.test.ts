import type { Owned } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { SimOwners, wallStartMs } from '../testing/sim-owners.js';

/** What relays tell each other of a session's names, as bytes. */
function isClaim(message: { kind: string; entry?: Uint8Array }): message is Owned {
  return message.kind === 'owned' && Buffer.from(message.entry!).toString('latin1').includes('claim');
}

const star = (seed: number, spokes = ['A', 'B', 'C']): SimOwners => {
  const mesh = new SimOwners(seed, ['H', ...spokes]);
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

  it('is complete again after a long partition when the whole list takes several answers', () => {
    const mesh = new SimOwners(19, ['A', 'B']);
    const { cut } = mesh.peer('A', 'B');
    mesh.advance(6000);
    const names = (session: number): string[] =>
      Array.from({ length: 30 }, (_, index) => `n${session}-${index}@${'x'.repeat(20)}`);
    const sessions = Array.from({ length: 400 }, (_, session) =>
      mesh.session('A', { identity: mesh.identity(), names: names(session), sessionSeq: 1 }),
    );
    mesh.run();
    cut();
    for (const session of [0, 200, 399]) mesh.end(sessions[session]!, 'goodbye');
    mesh.advance(50_000);
    mesh.peer('A', 'B');
    mesh.advance(1000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(397 * 30);
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
