import { identityFromSeed } from '@macula/crypto';
import { SeededRandom, seedsOf, withReplayHint } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { RoutedMesh } from '../testing/sim-routed.js';

const letters = (count: number) =>
  Array.from({ length: count }, (_, index) => String.fromCharCode(65 + index));

function meshOf(names: readonly string[], seed = 1): RoutedMesh {
  const mesh = new RoutedMesh(seed);
  for (const name of names) mesh.add(name);
  mesh.fullMesh(names);
  mesh.clock.advance(2000);
  return mesh;
}

describe('an OPEN in a mesh with filters', () => {
  it('asks the one relay that has the name', () => {
    const names = letters(12);
    const mesh = meshOf(names);
    const links = names.map((name) => mesh.session(name, `${name}@x`).link);
    mesh.clock.advance(200);
    for (const [index, from] of names.entries()) {
      for (const to of names) {
        const opened = mesh.open(from, links[index]!, `${to}@x`);
        mesh.clock.advance(100);
        expect(opened.result).toMatchObject({ code: 'ok', at: to, opens: from === to ? 0 : 1 });
      }
    }
    expect(mesh.router('A').counts).toMatchObject({ opens: 0, legs: 0 });
  });

  it('for an unknown name is not_found within a second and wakes nobody', () => {
    const mesh = meshOf(letters(12));
    const { link } = mesh.session('A', 'a@x');
    const opened = mesh.open('A', link, 'nobody@x');
    mesh.clock.advance(1000);
    expect(opened.result).toMatchObject({ code: 'not_found', opens: 0 });
  });

  it('for an unknown name waits no second time for a relay that tells no names and answers no OPEN', () => {
    const mesh = new RoutedMesh(1);
    for (const name of letters(5)) mesh.add(name, { hasFilters: name !== 'E' });
    mesh.fullMesh(letters(5));
    mesh.clock.advance(2000);
    const { link } = mesh.session('A', 'a@x');
    const there = mesh.session('E', 'e@x');
    mesh.clock.advance(200);
    mesh.mute('E');
    const first = mesh.open('A', link, 'nobody@x');
    mesh.clock.advance(9_000);
    expect(first.result).toBeUndefined();
    mesh.clock.advance(2_000);
    expect(first.result).toMatchObject({ code: 'timeout' });
    const second = mesh.open('A', link, 'nobody2@x');
    mesh.clock.advance(1_000);
    expect(second.result).toMatchObject({ code: 'not_found', opens: 1 });
    // What it has said that it has is still waited for.
    const owned = mesh.open('A', link, 'e@x');
    mesh.clock.advance(5_000);
    expect(owned.result).toBeUndefined();
    mesh.mute('E', false);
    mesh.clock.advance(6_000);
    const later = mesh.open('A', link, 'e@x');
    mesh.clock.advance(200);
    expect(later.result).toMatchObject({ code: 'ok', at: 'E' });
    expect(there.link).toBeGreaterThan(0);
  });

  it('waits for news from the other end of the world, and tells of an unknown name within a second there, too', () => {
    const mesh = new RoutedMesh(1, { delayMs: 200 });
    for (const name of letters(3)) mesh.add(name);
    mesh.fullMesh(letters(3));
    mesh.clock.advance(3000);
    const { link } = mesh.session('A', 'a@x');
    const opened = mesh.open('A', link, 'new@x');
    const unknown = mesh.open('A', link, 'nobody@x');
    mesh.session('B', 'new@x');
    mesh.clock.advance(1000);
    expect(unknown.result).toMatchObject({ code: 'not_found', opens: 0 });
    mesh.clock.advance(1000);
    expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
  });

  it('finds a name whose news are still on their way', () => {
    const mesh = meshOf(letters(3));
    const { link } = mesh.session('A', 'a@x');
    const opened = mesh.open('A', link, 'new@x');
    mesh.session('B', 'new@x');
    mesh.clock.advance(200);
    expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
  });

  it('asks only relays that have told no filter: of an older version, or made with another key', () => {
    const mesh = new RoutedMesh(1);
    const names = letters(8);
    for (const name of names) {
      const hasFilters = name !== 'G';
      mesh.add(name, { hasFilters, ...(name === 'H' ? { filterKey: new Uint8Array(32).fill(1) } : {}) });
    }
    mesh.fullMesh(names);
    mesh.clock.advance(2000);
    const links = names.map((name) => mesh.session(name, `${name}@x`).link);
    mesh.clock.advance(200);
    const unknown = mesh.open('A', links[0]!, 'nobody@x');
    mesh.clock.advance(1000);
    expect(unknown.result).toMatchObject({ code: 'not_found', opens: 2 });
    for (const [index, from] of names.entries()) {
      for (const to of names) {
        const opened = mesh.open(from, links[index]!, `${to}@x`);
        mesh.clock.advance(300);
        expect(opened.result).toMatchObject({ code: 'ok', at: to });
      }
    }
  });

  it('goes through a third relay when the peering of two healthy ones swallows everything', () => {
    for (const directions of [['A>B'], ['B>A'], ['A>B', 'B>A']]) {
      const mesh = meshOf(letters(4));
      const { link } = mesh.session('A', 'a@x');
      mesh.session('B', 'b@x');
      mesh.clock.advance(5000);
      for (const direction of directions) mesh.darken(direction[0]!, direction[2]!);
      const opened = mesh.open('A', link, 'b@x');
      mesh.clock.advance(2000);
      expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
      expect(opened.result!.tookMs).toBeLessThan(2000);
    }
  });

  it('skips a silent peering from then on, and uses it again when it answers', () => {
    const mesh = meshOf(letters(4));
    const { link } = mesh.session('A', 'a@x');
    mesh.session('B', 'b@x');
    mesh.clock.advance(200);
    mesh.darken('A', 'B');
    mesh.darken('B', 'A');
    mesh.open('A', link, 'b@x');
    mesh.clock.advance(1500);
    const second = mesh.open('A', link, 'b@x');
    mesh.clock.advance(1500);
    expect(second.result).toMatchObject({ code: 'ok', at: 'B', tookMs: 41 }); // two hops there and back, at once
    mesh.darken('A', 'B', false);
    mesh.darken('B', 'A', false);
    mesh.open('A', link, 'b@x'); // takes a PING along
    mesh.clock.advance(200);
    const direct = mesh.open('A', link, 'b@x');
    mesh.clock.advance(200);
    expect(direct.result).toMatchObject({ code: 'ok', at: 'B', opens: 1, tookMs: 21 });
  });

  it('is found at a standby when the owner’s relay stands still, whether the opener was told of it or not', () => {
    for (const hints of [['B', 'C'], []]) {
      const mesh = meshOf(letters(4));
      const identity = identityFromSeed(new Uint8Array(32).fill(9));
      const bootId = new Uint8Array(16);
      const { link } = mesh.session('A', 'a@x');
      mesh.session('B', 'b@x', { identity, bootId, seq: 2 });
      mesh.clock.advance(100);
      mesh.session('C', 'b@x', { identity, bootId, seq: 1, isStandby: true });
      mesh.clock.advance(2000);
      mesh.still('B');
      const opened = mesh.open('A', link, 'b@x', hints);
      mesh.clock.advance(1000);
      expect(opened.result).toMatchObject({ code: 'ok', at: 'C' });
      expect(opened.result!.tookMs).toBeLessThan(hints.length > 0 ? 200 : 500);
    }
  });

  it('of a relay that can only be reached through another one goes there', () => {
    const mesh = new RoutedMesh(1);
    for (const name of ['A', 'B', 'C', 'D']) mesh.add(name);
    for (const [a, b] of ['AB', 'BC', 'BD'].map((pair) => [...pair])) mesh.peer(a!, b!);
    mesh.clock.advance(2000);
    const { link } = mesh.session('A', 'a@x');
    mesh.session('C', 'c@x');
    mesh.session('D', 'd@x', { isStandby: true });
    mesh.clock.advance(500);
    const exact = mesh.open('A', link, 'c@x');
    const standby = mesh.open('A', link, 'd@x');
    const unknown = mesh.open('A', link, 'nobody@x');
    mesh.clock.advance(1000);
    expect(exact.result).toMatchObject({ code: 'ok', at: 'C', opens: 2 });
    expect(standby.result).toMatchObject({ code: 'ok', at: 'D' }); // nobody tells A of it, so the one between is asked
    expect(unknown.result).toMatchObject({ code: 'not_found', opens: 1 });
  });

  it('that its node does not answer is not asked for elsewhere for ever, and times out', () => {
    const mesh = meshOf(letters(4));
    const { link } = mesh.session('A', 'a@x');
    mesh.session('B', 'b@x', { isMute: true });
    mesh.clock.advance(500);
    const opened = mesh.open('A', link, 'b@x');
    mesh.clock.advance(3200);
    expect(mesh.router('A').pollTimeout()?.why).not.toBe('hedge');
    mesh.clock.advance(7000);
    expect(opened.result).toMatchObject({ code: 'timeout', opens: 1 });
  });

  it('asks for what was left out, and finds everything although a third of the news is lost', () => {
    for (const seed of seedsOf(process.env, 10)) {
      withReplayHint(seed, 'npm run unit -- apps/relay/src/routing/routed-mesh', () => {
        const names = letters(5);
        const mesh = meshOf(names, seed);
        const random = new SeededRandom(seed);
        mesh.loses = (kind) => kind.startsWith('filter') && random.chance(0.33);
        const standing = new Map<string, () => void>();
        for (let step = 0; step < 60; step++) {
          const name = `n${random.integer(30)}@x`;
          const end = standing.get(name);
          if (end === undefined) {
            // Standbys are known by filters alone.
            standing.set(name, mesh.session(random.pick(names), name, { isStandby: true }).end);
          } else {
            end();
            standing.delete(name);
          }
          mesh.clock.advance(random.integer(300));
        }
        mesh.loses = () => false;
        mesh.clock.advance(7000);
        const { link } = mesh.session('A', 'a@x');
        for (const name of standing.keys()) {
          const opened = mesh.open('A', link, name);
          mesh.clock.advance(1000);
          expect(opened.result).toMatchObject({ code: 'ok' });
        }
        const unknown = mesh.open('A', link, 'n99@x');
        mesh.clock.advance(1000);
        expect(unknown.result).toMatchObject({ code: 'not_found', opens: 0 });
      });
    }
  });

  it('finds the names of a relay that has just come back, whether or not it has a peering again', () => {
    for (const seed of seedsOf(process.env, 20)) {
      withReplayHint(seed, 'npm run unit -- apps/relay/src/routing/routed-mesh', () => {
        const random = new SeededRandom(seed);
        const names = letters(4 + random.integer(4));
        const mesh = meshOf(names, seed);
        const opener = names
          .filter((name) => name !== 'B')
          .map((at) => ({ at, link: mesh.session(at, `${at}@x`).link }));
        const identity = identityFromSeed(random.bytes(32));
        mesh.session('B', 'moved@x', { identity, seq: 1 });
        mesh.clock.advance(random.integer(3000));
        mesh.restart('B');
        mesh.clock.advance(random.integer(3000));
        // Some peerings come back later.
        const others = names.filter((name) => name !== 'B');
        const first = random.pick(others);
        for (const other of others)
          mesh.clock.schedule(other === first ? 0 : random.integer(5000), () => mesh.peer(other, 'B'));
        mesh.clock.advance(100 + random.integer(2000));
        mesh.session('B', 'moved@x', { identity, seq: 2 });
        mesh.session('B', 'standby@x', { isStandby: true });
        mesh.clock.advance(200 + random.integer(1000));
        const opened = opener.flatMap(({ at, link }) =>
          ['moved@x', 'standby@x'].map((to) => ({ from: at, to, opened: mesh.open(at, link, to) })),
        );
        mesh.clock.advance(3000);
        for (const {
          from,
          to,
          opened: { result },
        } of opened)
          expect({ from, to, ...result }).toMatchObject({ code: 'ok', at: 'B' });
      });
    }
  });

  it('is answered once, and finds what can be found, in random meshes whose lines break', () => {
    for (const seed of seedsOf(process.env, 40)) {
      withReplayHint(seed, 'npm run unit -- apps/relay/src/routing/routed-mesh', () => randomMesh(seed));
    }
  });
});

/** A full mesh in which peerings swallow everything, at most three of a relay, so that each relay still reaches each other one directly or through a third. */
function randomMesh(seed: number): void {
  const random = new SeededRandom(seed);
  const names = letters(4 + random.integer(4));
  const mesh = meshOf(names, seed);
  const links = new Map(names.map((name) => [name, mesh.session(name, `${name}@x`).link]));
  mesh.clock.advance(3000);
  const dark = new Set<string>();
  for (let broken = 0; broken < names.length / 2; broken++) {
    const [a, b] = [random.pick(names), random.pick(names)];
    if (a === b) continue;
    dark.add(a + b).add(b + a);
    const brokenOf = (name: string) => [...dark].filter((pair) => pair[0] === name).length;
    const isThere =
      names.every((from) =>
        names.every(
          (to) =>
            from === to ||
            !dark.has(from + to) ||
            names.some((via) => via !== from && via !== to && !dark.has(from + via) && !dark.has(via + to)),
        ),
      ) &&
      brokenOf(a) <= 3 &&
      brokenOf(b) <= 3;
    if (!isThere) for (const pair of [a + b, b + a]) dark.delete(pair);
  }
  for (const pair of dark) mesh.darken(pair[0]!, pair[1]!);
  mesh.clock.advance(random.integer(3000));
  const opened = names.flatMap((from) =>
    names.map((to) => ({ to, opened: mesh.open(from, links.get(from)!, `${to}@x`) })),
  );
  mesh.clock.advance(12_000);
  for (const {
    to,
    opened: { result },
  } of opened) {
    expect(result).toMatchObject({ code: 'ok', at: to });
    expect(result!.tookMs).toBeLessThan(2000);
  }
  for (const name of names) expect(mesh.router(name).counts).toMatchObject({ opens: 0, legs: 0 });
}
