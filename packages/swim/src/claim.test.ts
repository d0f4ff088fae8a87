import { SeededRandom } from '@macula/testkit';
import { describe, expect, it } from 'vitest';
import { claimOf, Mesh, profile, sentBy, signer, updateOf, withSeeds } from '../test/mesh.js';
import { claimBytes, compareClaims, Membership, type MemberUpdate, type SwimOutput } from './index.js';

describe('claims', () => {
  it('S19: are signed as documented', () => {
    const claim = { id: 'é1', incarnation: 258, status: 'draining' as const, metadata: Uint8Array.of(9, 8) };
    const hex = [
      '6d6163756c61206d656d626572203120', // "macula member 1 "
      '0003', // bytes of the id
      'c3a931', // "é1"
      '0000000000000102', // incarnation
      '01', // draining
      '0908', // metadata
    ].join('');
    expect(Buffer.from(claimBytes(claim)).toString('hex')).toBe(hex);
  });

  it('S19: of others that they did not sign are ignored, and who passed them on is named', () => {
    const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
    member.join([], 0);
    const good = updateOf('x', 4, 'alive');
    const forged: MemberUpdate[] = [
      { ...good, claim: { ...good.claim, incarnation: 5 } },
      { ...good, claim: { ...good.claim, metadata: Uint8Array.of(1) } },
      { state: 'left', claim: { ...good.claim, status: 'left' } },
      { state: 'dead', claim: { ...good.claim, incarnation: 6 } },
      { state: 'suspect', claim: { ...claimOf('self', 0), incarnation: 7 } },
      { ...good, claim: { ...good.claim, id: 'y' } },
    ];
    member.handleMessage('liar', { kind: 'gossip', gossip: [...forged, good] }, 0);
    const outputs: SwimOutput[] = [];
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput())
      outputs.push(output);
    expect(outputs.filter(({ kind }) => kind === 'refused')).toEqual(
      forged.map(({ claim: { id } }) => ({ kind: 'refused', id, from: 'liar' })),
    );
    expect(member.members()).toEqual([good]);
    expect(member.claim.incarnation).toBe(0);
  });

  it('S19: are verified once each', () => {
    let verified = 0;
    const counting = { ...signer, verify: () => ++verified > 0 };
    const member = new Membership({
      id: 'self',
      profile,
      signer: counting,
      random: new SeededRandom(1).next,
    });
    member.join([], 0);
    for (let time = 0; time < 10; time++)
      for (const state of ['alive', 'suspect', 'dead'] as const)
        member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('x', 3, state, 'a')] }, 0);
    expect(verified).toBe(1);
  });

  it('S19: of a member whose key is not admitted any more stay away', () => {
    const removed = new Set<string>();
    const strict = {
      ...signer,
      verify: (claim: MemberUpdate['claim']) => !removed.has(claim.id) && signer.verify(claim),
    };
    const member = new Membership({ id: 'self', profile, signer: strict, random: new SeededRandom(1).next });
    member.join(['x'], 0);
    member.handleMessage('x', { kind: 'join_reply', gossip: [updateOf('x', 3, 'alive')] }, 0);
    removed.add('x');
    member.forget('x');
    member.handleMessage('x', { kind: 'gossip', gossip: [updateOf('x', 4, 'alive')] }, 0);
    expect(member.members()).toEqual([]);
    sentBy(member);
    member.handleTimeout(20_000);
    expect(sentBy(member)).toEqual([]);
  });

  it('are totally ordered', () => {
    const claims = [
      claimOf('x', 0),
      claimOf('x', 0, { metadata: Uint8Array.of(0) }),
      claimOf('x', 0, { metadata: Uint8Array.of(1) }),
      claimOf('x', 0, { status: 'draining' }),
      claimOf('x', 1),
    ];
    for (const [index, claim] of claims.entries())
      for (const [other, one] of claims.entries())
        expect(Math.sign(compareClaims(claim, one))).toBe(Math.sign(index - other));
  });
});

describe('what a member says', () => {
  it('S20: drain, metadata and goodbye reach everybody, and it takes part until it leaves', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(20);
      mesh.clock.advance(20_000);
      const member = mesh.members.get('m5')!;
      const seen = () => {
        const others = [...mesh.members.values()].filter(({ id }) => id !== 'm5');
        return new Set(
          others.map((other) => {
            const { claim, state } = other.member('m5')!;
            return `${state} ${claim.status} ${claim.metadata}`;
          }),
        );
      };
      member.setMetadata(Uint8Array.of(1, 2), mesh.clock.nowMs);
      mesh.drain('m5');
      mesh.clock.advance(5_000);
      expect(seen()).toEqual(new Set(['alive alive 1,2']));
      member.drain(mesh.clock.nowMs);
      member.drain(mesh.clock.nowMs);
      mesh.drain('m5');
      mesh.clock.advance(30_000);
      expect(seen()).toEqual(new Set(['alive draining 1,2']));
      member.leave();
      mesh.drain('m5');
      mesh.clock.advance(5_000);
      expect(seen()).toEqual(new Set(['left left 1,2']));
      member.join(['m0'], mesh.clock.nowMs);
      mesh.drain('m5');
      mesh.clock.advance(5_000);
      expect(seen()).toEqual(new Set(['alive alive 1,2']));
      expect(mesh.changes('dead')).toEqual([]);
    });
  });

  it('S20: a refutation keeps that it is draining', () => {
    const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
    member.join([], 0);
    member.drain(0);
    member.handleMessage('a', { kind: 'gossip', gossip: [{ claim: member.claim, state: 'dead' }] }, 0);
    expect(member.claim).toMatchObject({ incarnation: 2, status: 'draining' });
  });

  it('S8: of two lives that say different things at one incarnation everybody knows one in the end', () => {
    const mesh = new Mesh(1);
    for (let index = 0; index < 6; index++) mesh.start(`m${index}`, ['m0'], 0, Uint8Array.of(1));
    mesh.clock.advance(20_000);
    // News of m2 never reach m4, but by a list.
    const send = mesh.network.send.bind(mesh.network);
    mesh.network.send = (from, to, message) => {
      const gossip = message.gossip.filter(({ claim }) => claim.id !== 'm2');
      send(from, to, to === 'm4' && message.kind !== 'join_reply' ? { ...message, gossip } : message);
    };
    mesh.kill('m2');
    const other = mesh.start('m2', ['m0'], 0, Uint8Array.of(2));
    mesh.clock.advance(60_000);
    expect(other.claim.incarnation).toBe(0);
    expect(mesh.members.get('m4')?.member('m2')?.claim.metadata).toEqual(other.claim.metadata);
  });

  it('S8: a new life of which nobody noticed that the old one ended outdoes it', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed);
      for (let index = 0; index < 6; index++) mesh.start(`m${index}`, ['m0'], 0, Uint8Array.of(1));
      mesh.clock.advance(20_000);
      mesh.kill('m2');
      const other = mesh.start('m2', ['m0'], 0, Uint8Array.of(seed % 2 === 0 ? 0 : 2));
      mesh.clock.advance(5_000);
      for (const [id, member] of mesh.members)
        if (id !== 'm2') expect(member.member('m2')?.claim.metadata).toEqual(other.claim.metadata);
      expect(mesh.changes('dead')).toEqual([]);
    });
  });
});
