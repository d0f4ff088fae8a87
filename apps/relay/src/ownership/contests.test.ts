import { describe, expect, it } from 'vitest';
import { Router } from '../routing/router.js';
import { SimOwners, type SimSession } from '../testing/sim-owners.js';
import { Contests } from './contests.js';

/** Two relays that are peered. */
function pair(seed: number): SimOwners {
  const mesh = new SimOwners(seed, ['A', 'B', 'C']);
  mesh.peer('A', 'B');
  mesh.peer('A', 'C');
  mesh.peer('B', 'C');
  mesh.run();
  mesh.advance(1000);
  return mesh;
}

describe.each([
  ['at one relay', ['A', 'A']],
  ['at two relays', ['A', 'B']],
])('two hosts with one key %s', (_where, [one, two]) => {
  /** Two hosts that replace each other every 5 s; gives the present one, and how the host with a number begins a session. */
  function replaceEachOther(mesh: SimOwners, times: number) {
    const identity = mesh.identity();
    const bootIds = [mesh.random.bytes(16), mesh.random.bytes(16)];
    let sessionSeq = 0;
    const begin = (host: number, bootId = bootIds[host]!): SimSession => {
      sessionSeq++;
      const at = host === 0 ? one! : two!;
      const session = mesh.session(at, { identity, names: ['a@x'], bootId, sessionSeq });
      mesh.run();
      return session;
    };
    let present = begin(0);
    for (let time = 1; time <= times; time++) {
      mesh.advance(5000);
      const before = present;
      present = begin(time % 2);
      expect([present.state, before.code]).toEqual(['up', 'replaced']);
    }
    return { present, begin };
  }

  it('replace each other three times; the next newcomer gets identity_conflict, and both relays know why', () => {
    const mesh = pair(1);
    const { present, begin } = replaceEachOther(mesh, 3);
    mesh.advance(5000);
    const newcomer = begin(0);
    mesh.advance(1000);
    expect([newcomer.code, present.state]).toEqual(['identity_conflict', 'up']);
    expect(mesh.owners('a@x')).toEqual([present]);
    expect(present.relay.notes).toContainEqual({ what: 'identity_conflict', link: present.link });
    mesh.advance(30_000);
    const again = begin(0);
    mesh.advance(1000);
    expect([again.code, present.state]).toEqual(['identity_conflict', 'up']);
  });

  it('may replace each other again when neither has tried for a minute', () => {
    const mesh = pair(2);
    const { present, begin } = replaceEachOther(mesh, 3);
    mesh.advance(61_000);
    const newcomer = begin(0);
    mesh.advance(5000);
    expect([newcomer.state, present.code]).toEqual(['up', 'replaced']);
  });

  it('are no conflict when the present owner is dead: the newcomer has the name half a second later', () => {
    const mesh = pair(3);
    let { present, begin } = replaceEachOther(mesh, 3);
    for (let restart = 0; restart < 10; restart++) {
      mesh.advance(1500);
      present.isAnswering = false; // killed: nothing is heard of it, nothing says so
      present = begin(restart % 2, mesh.random.bytes(16));
      mesh.advance(1000);
      expect(present.state).toBe('up');
      expect(mesh.owners('a@x')).toEqual([present]);
    }
  });

  it('are no conflict when sessions end before the next begins', () => {
    const mesh = pair(4);
    const { present, begin } = replaceEachOther(mesh, 2);
    let last = present;
    for (let restart = 0; restart < 6; restart++) {
      mesh.end(last, restart % 2 === 0 ? 'lost' : 'goodbye');
      mesh.run();
      last = begin(restart % 2, mesh.random.bytes(16));
      expect(last.state).toBe('up');
    }
    mesh.advance(5000);
    expect(last.state).toBe('up');
  });
});

it('a conflict is not believed where nobody was seen to replace anybody', () => {
  const mesh = pair(5);
  const identity = mesh.identity();
  mesh.session('A', { identity, names: ['a@x'], sessionSeq: 1 });
  mesh.run();
  const bootId = mesh.random.bytes(16);
  const newcomer = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 2, bootId });
  // A lies: nothing was replaced three times.
  const lie = { kind: 'conflict', realm: 'r', identity: identity.publicKey, bootId, sessionSeq: 2 } as const;
  mesh.lie('A', lie);
  mesh.advance(1000);
  expect(newcomer.state).toBe('up');
});

it('a newcomer that its relay does not end wins in the end', () => {
  const mesh = pair(6);
  mesh.tamper = (message, _from, to) => {
    // B never hears that there is a conflict.
    const text = message.kind === 'owned' ? Buffer.from(message.entry).toString('latin1') : '';
    return text.includes('conflict') && to === 'B' ? undefined : message;
  };
  const identity = mesh.identity();
  const bootIds = [mesh.random.bytes(16), mesh.random.bytes(16)];
  const sessions: SimSession[] = [];
  for (let sessionSeq = 1; sessionSeq <= 5; sessionSeq++) {
    const bootId = bootIds[sessionSeq % 2]!;
    sessions.push(
      mesh.session(sessionSeq % 2 === 1 ? 'A' : 'B', { identity, names: ['a@x'], sessionSeq, bootId }),
    );
    mesh.run();
  }
  mesh.advance(1000);
  const newcomer = mesh.session('B', { identity, names: ['a@x'], sessionSeq: 6, bootId: bootIds[0]! });
  mesh.advance(5000);
  expect(mesh.owners('a@x')).toEqual([newcomer]);
});

it('waits for nobody when a newcomer leaves while it waits', () => {
  const mesh = pair(7);
  const identity = mesh.identity();
  for (let sessionSeq = 1; sessionSeq <= 4; sessionSeq++)
    mesh.session('A', { identity, names: ['a@x'], sessionSeq });
  const waiting = mesh.session('A', { identity, names: ['a@x'], sessionSeq: 9 });
  expect(waiting.state).toBe('waiting');
  mesh.end(waiting, 'lost');
  mesh.advance(2000);
  expect(mesh.owners('a@x').map(({ sessionSeq }) => sessionSeq)).toEqual([4]);
});

it('counts are per realm and identity, and forgotten', () => {
  const contests = new Contests();
  const of = (realm: string, bootKey: string, sessionSeq = 1) => ({
    realm,
    identityKey: 'i',
    bootKey,
    sessionSeq,
  });
  for (const boot of ['1', '2', '2']) contests.noteReplaced(of('r', boot), 0);
  expect(contests.isContested(of('r', '4'), 0)).toBe(false);
  contests.noteReplaced(of('r', '3'), 1);
  expect(contests.isContested(of('r', '4'), 1)).toBe(true);
  expect(contests.isContested(of('s', '4'), 1)).toBe(false);
  expect(contests.isContested(of('r', '4'), 60_001)).toBe(false);
  contests.handleTimeout(60_001);
  contests.noteReplaced(of('r', '5'), 60_001);
  expect(contests.isContested(of('r', '4'), 60_002)).toBe(false);
});

it('a router without ownership admits at once', () => {
  const router = new Router({ identity: new Uint8Array(32) });
  const identity = new Uint8Array(32).fill(1);
  for (let link = 1; link < 9; link++) {
    const bootId = new Uint8Array(16).fill(link);
    const hello = { realm: 'r', identity, bootId, tag: bootId, names: ['a@x'] };
    router.handleAgentUp({ ...hello, link, sessionSeq: link }, 0);
  }
  expect(router.namesOf(8)).toEqual(['a@x']);
});
