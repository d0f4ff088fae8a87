import { describe, expect, it } from 'vitest';
import { claimOf, Mesh, profile, sentBy, signer, withSeeds } from '../test/mesh.js';
import { Membership } from './index.js';

/** Members of which some are connected with everybody, and the others with those alone. */
function starOf(seed: number, hubs: number, others: number, loss = 0): Mesh {
  const mesh = new Mesh(seed, { loss });
  const hubIds = Array.from({ length: hubs }, (_, index) => `hub${index}`);
  mesh.isConnected = (from, to) => from.startsWith('hub') || to.startsWith('hub');
  for (const id of hubIds) mesh.start(id, ['hub0']);
  for (let index = 0; index < others; index++) mesh.start(`m${index}`, hubIds);
  return mesh;
}

function isWhole(mesh: Mesh): boolean {
  return [...mesh.members.keys()].every((id) => mesh.opinions(id).join() === 'alive');
}

describe('S24: members that are connected with some of the others', () => {
  for (const hubs of [1, 2])
    it(`suspect nobody when all is well, with ${hubs} in the middle`, () => {
      withSeeds(3, (seed) => {
        const mesh = starOf(seed, hubs, 20);
        mesh.clock.advance(300_000);
        expect(mesh.changes('suspect')).toEqual([]);
        expect(isWhole(mesh)).toBe(true);
      });
    });

  it('declare nobody dead with 5 % loss', () => {
    withSeeds(5, (seed) => {
      const mesh = starOf(seed, 2, 12, 0.05);
      mesh.clock.advance(300_000);
      expect(mesh.changes('dead')).toEqual([]);
    });
  });

  it('all notice who is dead, and who comes back', () => {
    withSeeds(3, (seed) => {
      const mesh = starOf(seed, 2, 12);
      mesh.clock.advance(30_000);
      mesh.kill('m3');
      mesh.clock.advance(60_000);
      expect(mesh.opinions('m3')).toEqual(['dead']);
      mesh.start('m3', ['hub0']);
      mesh.clock.advance(60_000);
      expect(isWhole(mesh)).toBe(true);
    });
  });

  it('send to nobody else, ask others twice in a probe, and learn of a refutation from them', () => {
    const member = new Membership({
      ...{ id: 'self', profile, signer, random: () => 0 },
      reaches: (id) => id === 'hub',
    });
    member.join([], 0);
    const gossip = [{ claim: claimOf('far', 1), state: 'alive' as const }];
    member.handleMessage('hub', { kind: 'join_reply', gossip }, 0);
    member.handleMessage(
      'hub',
      { kind: 'ping', sequence: 1, gossip: [{ claim: claimOf('hub', 1), state: 'alive' }] },
      0,
    );
    sentBy(member);
    const asked: string[] = [];
    for (let next = member.pollTimeout()!.atMs; next < 60_000; next = member.pollTimeout()!.atMs) {
      member.handleTimeout(next);
      for (const { to, message } of sentBy(member)) {
        expect(to).toBe('hub');
        if (message.kind === 'ping_request') asked.push(message.target);
        if (message.kind === 'ping')
          member.handleMessage('hub', { ...message, kind: 'ack', gossip: [] }, next);
      }
      if (member.stateOf('far') === 'suspect') break;
    }
    expect(asked).toEqual(['far', 'far']);
    const refuted = [{ claim: claimOf('far', 2), state: 'alive' as const }];
    member.handleMessage('hub', { kind: 'ack', sequence: 99, gossip: refuted }, 60_000);
    expect(member.stateOf('far')).toBe('alive');
  });

  it('are told by who asked for them what that one knows of the one that was asked', () => {
    const helper = new Membership({ id: 'hub', profile, signer, random: () => 0 });
    helper.join([], 0);
    const far = { claim: claimOf('far', 7), state: 'alive' as const };
    helper.handleMessage('far', { kind: 'ping', sequence: 1, gossip: [far] }, 0);
    helper.handleMessage(
      'self',
      { kind: 'ping', sequence: 1, gossip: [{ claim: claimOf('self', 1), state: 'alive' }] },
      0,
    );
    // Everybody has been told of it.
    for (let sequence = 2; sequence < 40; sequence++)
      helper.handleMessage('self', { kind: 'ping', sequence, gossip: [] }, 0);
    sentBy(helper);
    const suspected = [{ claim: claimOf('far', 5), state: 'suspect' as const, by: 'self' }];
    helper.handleMessage('self', { kind: 'ping_request', sequence: 50, target: 'far', gossip: suspected }, 0);
    const [ping] = sentBy(helper);
    expect(ping).toMatchObject({ to: 'far', message: { kind: 'ping' } });
    const { sequence } = ping!.message as { sequence: number };
    helper.handleMessage('far', { kind: 'ack', sequence, gossip: [] }, 0);
    expect(sentBy(helper)).toMatchObject([
      { to: 'self', message: { kind: 'ack', sequence: 50, gossip: [far] } },
    ]);
  });
});
