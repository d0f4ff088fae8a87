import { runsOf, SeededRandom } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimOf, Mesh, profile, signer, updateOf, withSeeds } from '../test/mesh.js';
import {
  Membership,
  type MemberUpdate,
  SwimError,
  type SwimMessage,
  type SwimOutput,
  suspicionMinMs,
  updateBytes,
} from './index.js';
import { claimDigest } from './member-table.js';

const ids = ['self', 'a', 'b', 'c', 'd', 'e'];
const id = fc.constantFrom(...ids);
const update: fc.Arbitrary<MemberUpdate> = fc.oneof(
  fc
    .tuple(
      id,
      fc.nat({ max: 4 }),
      fc.constantFrom('alive' as const, 'suspect' as const, 'dead' as const, 'left' as const),
      id,
    )
    .map(([about, incarnation, state, by]) => updateOf(about, incarnation, state, by)),
  // Forged, or out of bounds.
  fc
    .tuple(id, fc.constantFrom(-1, 7, 2 ** 48, 2 ** 53), fc.constantFrom('alive' as const, 'dead' as const))
    .map(([about, incarnation, state]) => ({ state, claim: { ...claimOf(about, 1), incarnation } })),
);
const gossip = fc.array(update, { maxLength: 4 });
const sequence = fc.nat({ max: 12 });
const message: fc.Arbitrary<SwimMessage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ping' as const, 'ack' as const, 'nack' as const), sequence, gossip }),
  fc.record({ kind: fc.constant('ping_request' as const), sequence, target: id, gossip }),
  fc.record({ kind: fc.constant('compare' as const), digest: fc.constantFrom(0, -1, 5), gossip }),
  fc.record({ kind: fc.constantFrom('join' as const, 'join_reply' as const, 'gossip' as const), gossip }),
);
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('hear' as const), from: id, message }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 4_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.nat({ max: 60_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('drain' as const, 'leave' as const, 'join' as const, 'say' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), id }) },
);

/** Drives a member and checks, after each step, what must hold whatever others do. */
class Watched {
  readonly member: Membership = new Membership({
    id: 'self',
    profile,
    signer,
    random: new SeededRandom(1).next,
  });
  nowMs = 0;
  /** Since when each suspect is one, without the time that the member stood still, and how often it was asked. */
  readonly #suspects = new Map<string, { sinceMs: number; asked: number }>();
  #incarnation = 0;

  act(step: typeof action extends fc.Arbitrary<infer Step> ? Step : never): void {
    const { member } = this;
    if (step.do === 'hear') {
      try {
        member.handleMessage(step.from, step.message, this.nowMs);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(SwimError);
      }
    } else if (step.do === 'wait') this.#wait(step.ms);
    else if (step.do === 'stall') {
      this.nowMs += step.ms;
      member.handleTimeout(this.nowMs);
    } else if (step.do === 'drain') member.drain(this.nowMs);
    else if (step.do === 'leave') member.leave();
    else if (step.do === 'join') member.join(['a'], this.nowMs);
    else if (step.do === 'say') member.setMetadata(Uint8Array.of(this.nowMs % 256), this.nowMs);
    else if (step.do === 'forget') {
      member.forget(step.id);
      this.#suspects.delete(step.id);
    }
    this.#check();
  }

  #wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const atMs = this.member.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY;
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.member.handleTimeout(this.nowMs);
      expect(this.member.pollTimeout()?.atMs).toBeGreaterThan(this.nowMs);
      this.#check();
    }
    this.nowMs = untilMs;
  }

  #check(): void {
    const { member } = this;
    expect(member.claim.incarnation).toBeGreaterThanOrEqual(this.#incarnation);
    this.#incarnation = member.claim.incarnation;
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput())
      this.#checkOutput(output);
  }

  #checkOutput(output: SwimOutput): void {
    if (output.kind === 'send') this.#checkSent(output.to, output.message);
    if (output.kind === 'stalled')
      for (const suspect of this.#suspects.values()) suspect.sinceMs += output.lateMs;
    if (output.kind !== 'changed') return;
    const { id: about, state, previous, claim } = output;
    expect(about).not.toBe('self');
    expect(Buffer.from(signer.sign(claim)).equals(claim.signature)).toBe(true);
    const suspect = this.#suspects.get(about);
    if (state === 'dead' && (previous === 'alive' || previous === 'suspect')) {
      expect(previous).toBe('suspect');
      expect(suspect!.asked).toBeGreaterThanOrEqual(3);
      expect(this.nowMs - suspect!.sinceMs).toBeGreaterThanOrEqual(
        suspicionMinMs(profile, 3) - profile.gossipIntervalMs,
      );
    }
    this.#suspects.delete(about);
    if (state === 'suspect') this.#suspects.set(about, { sinceMs: this.nowMs, asked: 0 });
  }

  #checkSent(to: string, sent: SwimMessage): void {
    if (sent.kind === 'join' || sent.kind === 'join_reply') return;
    const suspect = this.#suspects.get(to);
    if (sent.kind === 'ping' && suspect !== undefined) suspect.asked += 1;
    const bytes = sent.gossip.reduce((sum, one) => sum + updateBytes(one), 0);
    expect(bytes).toBeLessThanOrEqual(profile.gossipBytesMax);
    if (sent.kind !== 'compare') return;
    const reachable = this.member.members().filter(({ state }) => state === 'alive' || state === 'suspect');
    const all = [...reachable, { claim: this.member.claim, state: 'alive' as const }];
    expect(sent.digest).toBe(all.reduce((sum, one) => (sum + claimDigest(one)) >>> 0, 0));
  }
}

describe('two members with one id', () => {
  it('S23: harm nobody else, cost everybody no more than news may cost, and all is quiet when one of them goes', () => {
    withSeeds(2, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(12);
      mesh.clock.advance(20_000);
      let sent = 0;
      const send = mesh.network.send.bind(mesh.network);
      mesh.network.send = (from, to, message) => {
        sent += 1;
        const isTwin = to === 'm2' && mesh.members.has('twin') && mesh.random.chance(0.5);
        send(from === 'twin' ? 'm2' : from, isTwin ? 'twin' : to, message);
      };
      mesh.start('m2', ['m0'], 0, Uint8Array.of(1), 'twin');
      mesh.clock.advance(10_000);
      sent = 0;
      mesh.clock.advance(60_000);
      // Pings and what goes with them, and three messages of news in each 100 ms.
      expect(sent / 13).toBeLessThan(3_000);
      mesh.kill('twin');
      mesh.clock.advance(30_000);
      const member = mesh.members.get('m2')!;
      for (const other of mesh.members.values())
        if (other !== member) expect(other.member('m2')?.claim).toEqual(member.claim);
      expect(mesh.changes('dead')).toEqual([]);
      sent = 0;
      mesh.clock.advance(60_000);
      expect(sent / 12).toBeLessThan(700);
    });
  });
});

describe('whatever others say and whenever', () => {
  it('S12, S14: only SwimErrors come out, nothing grows, and nobody is dead who was not suspect and asked for long enough', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const watched = new Watched();
        watched.member.join(['a', 'b'], 0);
        for (const one of actions) watched.act(one);
      }),
      { numRuns: runsOf(process.env, 500) },
    );
  });
});
