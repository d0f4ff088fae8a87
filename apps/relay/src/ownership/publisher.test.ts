import { decodeOwnedEntry, type Owned, type OwnedEntry } from '@macula/wire';
import { describe, expect, it } from 'vitest';
import { ownedClaimBurst, ownedPublishedMax } from '../limits.js';
import { SimOwners } from '../testing/sim-owners.js';

/** What relay A says from now on. */
function sayings(mesh: SimOwners): OwnedEntry[] {
  const said: OwnedEntry[] = [];
  mesh.tamper = (message, from) => {
    if (from === 'A' && message.kind === 'owned') said.push(decodeOwnedEntry((message as Owned).entry)!);
    return message;
  };
  return said;
}

function pair(seed: number): SimOwners {
  const mesh = new SimOwners(seed, ['A', 'B']);
  mesh.peer('A', 'B');
  mesh.advance(6000);
  return mesh;
}

describe('a relay that has something to say', () => {
  it('says what a session owns a few times at once, then its last state each 200 ms', () => {
    const mesh = pair(1);
    const session = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    const said = sayings(mesh);
    for (let change = 0; change < 40; change++)
      mesh.changeNames(
        session,
        change % 2 === 0 ? { add: ['b@x'], remove: [] } : { add: [], remove: ['b@x'] },
      );
    mesh.changeNames(session, { add: ['c@x'], remove: [] });
    expect(said).toHaveLength(ownedClaimBurst - 1);
    mesh.advance(250);
    expect(said).toHaveLength(ownedClaimBurst);
    expect(said.at(-1)).toMatchObject({ kind: 'claim', names: ['a@x', 'c@x'], claimSeq: 41 });
    const taken = { identity: mesh.identity(), names: ['c@x'], sessionSeq: 1 };
    expect(mesh.session('B', taken).code).toBe('name_taken');
  });

  it('does not say more by withdrawing all names in between', () => {
    const mesh = pair(2);
    const session = mesh.session('A', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
    const said = sayings(mesh);
    for (let change = 0; change < 20; change++) {
      mesh.changeNames(session, { add: [], remove: ['a@x'] });
      mesh.changeNames(session, { add: ['a@x'], remove: [] });
    }
    expect(said.length).toBeLessThanOrEqual(2 * ownedClaimBurst);
  });

  it('says of at most 200 sessions at a time that they own nothing any more, and of all in the end', () => {
    const mesh = pair(3);
    const sessions = 1000;
    for (let index = 0; index < sessions; index++) {
      const session = mesh.session('A', { identity: mesh.identity(), names: [`n${index}@x`], sessionSeq: 1 });
      session.isAnswering = false;
    }
    mesh.advance(10_000);
    expect(mesh.relay('B').ownership.remoteNames).toBe(sessions);
    const said = sayings(mesh);
    const { router } = mesh.relay('A');
    let most = 0;
    for (let ms = 0; ms < 10_000; ms += 50) {
      const before = said.length;
      mesh.nowMs += 50;
      if (router.pollTimeout()!.atMs <= mesh.nowMs) router.handleTimeout(mesh.nowMs);
      mesh.flush('A');
      most = Math.max(most, said.length - before);
    }
    mesh.run();
    expect(most).toBeLessThanOrEqual(ownedPublishedMax + 2);
    expect(mesh.relay('B').ownership.remoteNames).toBe(0);
  });

  it('says who has a name before it says who has it no longer: a renewal never frees it', () => {
    const mesh = pair(4);
    const identity = mesh.identity();
    const bootId = mesh.random.bytes(16);
    mesh.session('A', { identity, bootId, names: ['a@x'], sessionSeq: 5 });
    mesh.run();
    mesh.advance(1000);
    const said = sayings(mesh);
    mesh.session('A', { identity, bootId, names: ['a@x'], sessionSeq: 6 });
    expect(said.map(({ kind }) => kind)).toEqual(['claim', 'release']);
    for (let message = 0; message < 2; message++) {
      mesh.run(1);
      const thief = mesh.session('B', { identity: mesh.identity(), names: ['a@x'], sessionSeq: 1 });
      expect(thief.code).toBe('name_taken');
    }
  });
});
