import { describe, expect, it } from 'vitest';
import { SimOwners } from '../testing/sim-owners.js';

/** Every relay is peered with every other. */
function fullMesh(seed: number, relays: readonly string[]): SimOwners {
  const mesh = new SimOwners(seed, relays);
  for (const [index, a] of relays.entries()) for (const b of relays.slice(index + 1)) mesh.peer(a, b);
  mesh.run();
  mesh.advance(1000);
  return mesh;
}

/** Each relay is peered with the next one of these pairs only. */
function joined(seed: number, relays: readonly string[], pairs: readonly string[]): SimOwners {
  const mesh = new SimOwners(seed, relays);
  for (const pair of pairs) mesh.peer(pair[0]!, pair[1]!);
  mesh.run();
  mesh.advance(6000);
  return mesh;
}

const shapes: readonly [string, () => SimOwners][] = [
  ['a full mesh', () => fullMesh(1, ['A', 'B', 'C'])],
  ['a star', () => joined(2, ['A', 'B', 'C', 'H'], ['HA', 'HB', 'HC'])],
  ['a line', () => joined(3, ['A', 'M', 'B', 'C'], ['AM', 'MB', 'BC'])],
  ['a mesh with a broken peering', () => joined(4, ['A', 'B', 'C', 'D'], ['AC', 'AD', 'BC', 'BD', 'CD'])],
];

describe.each(shapes)('in %s', (_shape, make) => {
  it('a name that lives is not given to another identity, at no relay', () => {
    const mesh = make();
    const owner = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    for (const { name } of mesh.relays) {
      const thief = mesh.session(name, { identity: mesh.identity(), names: ['b@x', 'a@x'], sessionSeq: 9 });
      expect(thief.code).toBe('name_taken');
    }
    mesh.advance(30_000);
    expect(mesh.owners('a@x')).toEqual([owner]);
    expect(mesh.owners('b@x')).toEqual([]);
  });

  it('a name that a token gives to an identity is its own, whoever holds it', () => {
    const mesh = make();
    const entitled = new Set(['a@x']);
    const squatter = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    const subject = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1, entitled });
    expect(subject.state).toBe('up');
    mesh.run();
    expect(squatter.code).toBe('name_taken');
    expect(mesh.owners('a@x')).toEqual([subject]);
    for (const { name } of mesh.relays) {
      const others = { identity: mesh.identity(), names: ['a@x'], sessionSeq: 9 };
      expect(mesh.session(name, others).code).toBe('name_taken');
      expect(mesh.session(name, { ...others, entitled }).code).toBe('name_taken');
    }
    mesh.end(subject, 'lost');
    mesh.run();
    expect(mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 9 }).code).toBe(
      'name_taken',
    );
  });

  it('the owner returning at another relay wins at once, its older session is replaced', () => {
    const mesh = make();
    const identity = mesh.identity();
    const before = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    const after = mesh.session('C', { identity, names: ['a@x'], sessionSeq: 6 });
    expect(after.state).toBe('up');
    mesh.run();
    expect(before.code).toBe('replaced');
    expect(mesh.owners('a@x')).toEqual([after]);
    const late = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 5 });
    expect(late.code).toBe('replaced');
  });

  it('a newer session of the same process supersedes the older one, which keeps its tunnels', () => {
    const mesh = make();
    const identity = mesh.identity();
    const bootId = mesh.random.bytes(16);
    const before = mesh.session('A', { identity, bootId, names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    const after = mesh.session('B', { identity, bootId, names: ['a@x'], sessionSeq: 6 });
    mesh.run();
    expect([before.state, before.isSuperseded]).toEqual(['up', true]);
    expect(mesh.owners('a@x')).toEqual([after]);
    mesh.end(before, 'lost');
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([after]);
    expect(mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
  });

  it('a lost session keeps its names for its identity until 15 s after its last sign of life', () => {
    const mesh = make();
    const identity = mesh.identity();
    const lost = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 5 });
    mesh.advance(3000);
    lost.isAnswering = false;
    mesh.advance(4000);
    mesh.end(lost, 'lost');
    mesh.run();
    mesh.advance(10_000);
    for (const { name } of mesh.relays)
      expect(mesh.session(name, { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
        'name_taken',
      );
    mesh.advance(1000);
    const other = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(other.state).toBe('up');
  });

  it('its own identity has them back at once, with whatever number', () => {
    const mesh = make();
    const identity = mesh.identity();
    const lost = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    mesh.end(lost, 'lost');
    mesh.run();
    expect(mesh.session('C', { identity, names: ['a@x'], sessionSeq: 1 }).state).toBe('up');
  });

  it('GOODBYE and a withdrawal free a name at once, everywhere', () => {
    const mesh = make();
    const [first, second] = ['a@x', 'b@x'].map((name) =>
      mesh.session('A', { identity: mesh.identity(), names: [name], sessionSeq: 5 }),
    );
    mesh.run();
    mesh.end(first!, 'goodbye');
    mesh.changeNames(second!, { add: ['c@x'], remove: ['b@x'] });
    mesh.run();
    const names = ['a@x', 'b@x'];
    expect(mesh.session('C', { identity: mesh.identity(), names, sessionSeq: 1 }).state).toBe('up');
    const late = mesh.session('B', { identity: mesh.identity(), names: ['c@x'], sessionSeq: 1 });
    expect(late.code).toBe('name_taken');
  });

  it('of two identities that claim a name at once the same one wins everywhere', () => {
    const mesh = make();
    const early = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.nowMs += 5;
    const late = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect([early.state, late.state]).toEqual(['up', 'up']);
    mesh.run();
    expect(late.code).toBe('name_taken');
    expect(mesh.owners('a@x')).toEqual([early]);
    mesh.advance(10_000);
    expect(mesh.owners('a@x')).toEqual([early]);
  });

  it('sessions of one process with one number stand side by side until it claims its names again at one of them', () => {
    const mesh = make();
    const identity = mesh.identity();
    const hello = { identity, bootId: mesh.random.bytes(16), names: ['a@x'], sessionSeq: 5 };
    const [one, two] = [mesh.session('A', hello), mesh.session('B', hello)];
    mesh.run();
    const three = mesh.session('C', hello);
    mesh.advance(1000);
    expect([one, two, three].map(({ state }) => state)).toEqual(['up', 'up', 'up']);
    mesh.changeNames(two, { add: [], remove: [] });
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([two]);
    expect([one.isSuperseded, three.isSuperseded]).toEqual([true, true]);
  });

  it('a session that was silent for 15 s goes when somebody else takes its name, at whatever relay', () => {
    const mesh = make();
    const silent = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(2000);
    silent.isAnswering = false;
    mesh.advance(17_000);
    const other = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    expect([silent.code, other.state]).toEqual(['name_taken', 'up']);
  });

  it('a session that speaks again after 15 s has its name back if nobody has taken it', () => {
    const mesh = make();
    const silent = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    mesh.advance(2000);
    silent.isAnswering = false;
    mesh.advance(20_000);
    silent.isAnswering = true;
    mesh.advance(2000);
    expect(mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 }).code).toBe(
      'name_taken',
    );
    expect(silent.state).toBe('up');
  });

  it('realms do not see each other', () => {
    const mesh = make();
    const names = ['a@x'];
    const one = mesh.session('A', { identity: mesh.identity(), names, sessionSeq: 1, realm: 'r' });
    mesh.run();
    const other = mesh.session('C', { identity: mesh.identity(), names, sessionSeq: 1, realm: 's' });
    mesh.advance(10_000);
    expect([one.state, other.state]).toEqual(['up', 'up']);
  });

  it('every relay knows the names of all others, and nothing that is over', () => {
    const mesh = make();
    const sessions = mesh.relays.map(({ name }) =>
      mesh.session(name, { identity: mesh.identity(), names: [`${name}@x`, `${name}@y`], sessionSeq: 1 }),
    );
    mesh.run();
    const others = 2 * (mesh.relays.length - 1);
    expect(mesh.relays.map(({ ownership }) => ownership.remoteNames)).toEqual(mesh.relays.map(() => others));
    for (const session of sessions) mesh.end(session, 'goodbye');
    mesh.run();
    expect(mesh.relays.map(({ ownership }) => ownership.remoteNames)).toEqual(mesh.relays.map(() => 0));
  });
});

describe('a session that comes back', () => {
  const pair = (seed: number): SimOwners => joined(seed, ['A', 'B', 'C'], ['AB', 'AC', 'BC']);

  it('of one number at two relays is the newer where it changed its names, even if it changed nothing', () => {
    const mesh = pair(20);
    const identity = mesh.identity();
    const bootId = mesh.random.bytes(16);
    const one = mesh.session('A', { identity, bootId, names: ['a@x'], sessionSeq: 5 });
    const other = mesh.session('B', { identity, bootId, names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([one, other]);
    mesh.changeNames(other, { add: [], remove: [] });
    mesh.run();
    expect(mesh.owners('a@x')).toEqual([other]);
    expect(one.isSuperseded).toBe(true);
  });

  it.each([
    ['before the others hear that it was lost', ['AB', 'AC', 'BC'], false],
    ['after that', ['AB', 'AC', 'BC'], true],
    ['where a third relay hears first of its return and then of its loss', ['AB', 'BC'], false],
  ])('at another relay, %s, frees its name at once by GOODBYE', (_when, pairs, isHeard) => {
    const mesh = joined(21, ['A', 'B', 'C'], pairs);
    const identity = mesh.identity();
    const lost = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
    mesh.run();
    mesh.end(lost, 'lost');
    if (isHeard) mesh.run();
    const back = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 2 });
    mesh.run();
    const thief = mesh.session('C', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(thief.code).toBe('name_taken');
    mesh.end(back, 'goodbye');
    mesh.run();
    for (const relay of ['A', 'B', 'C']) {
      const next = mesh.session(relay, { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
      expect(next.state).toBe('up');
      mesh.end(next, 'goodbye');
      mesh.run();
    }
  });

  it('with a lower number, since a clock was set back, has the name half a second after its killed forerunner is asked', () => {
    const mesh = pair(22);
    const identity = mesh.identity();
    const killed = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 7_200_000 });
    mesh.advance(1000);
    const since = mesh.relay('A').ownership.names.session(killed.link)!.names.get('a@x');
    killed.isAnswering = false;
    const back = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1000 });
    expect(back.state).toBe('waiting');
    mesh.advance(1000);
    expect([back.state, killed.code]).toEqual(['up', 'replaced']);
    expect(mesh.owners('a@x')).toEqual([back]);
    expect(mesh.relay('A').ownership.names.session(back.link)!.names.get('a@x')).toBe(since);
    const thief = mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(thief.code).toBe('name_taken');
  });

  it('with a lower number is refused when the later one lives', () => {
    const mesh = pair(23);
    const identity = mesh.identity();
    const owner = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 2 });
    const older = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
    mesh.advance(1000);
    expect([older.code, owner.state]).toEqual(['replaced', 'up']);
  });

  it('at a relay that stood still keeps its names no longer than 15 s after it was heard', () => {
    const mesh = pair(24);
    const session = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 5 });
    mesh.advance(1000);
    mesh.nowMs += 60_000; // the machine is paused; on waking the socket is read first, then timers run
    mesh.relay('A').router.handleAlive(session.link, mesh.nowMs);
    Object.assign(session, { isAnswering: false, heardMs: mesh.nowMs });
    mesh.advance(250);
    mesh.end(session, 'lost');
    mesh.advance(15_000);
    const next = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    expect(next.state).toBe('up');
  });
});
