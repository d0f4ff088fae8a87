import { SeededRandom } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimOf, Mesh, profile, sentBy, signer, updateOf, withSeeds } from '../test/mesh.js';
import { Membership, type MemberUpdate, type SwimMessage, suspicionMinMs } from './index.js';
import { LocalHealth } from './local-health.js';
import { Suspicions } from './suspicions.js';

/** A member that knows these, all alive, and was joined at 0. */
function memberOf(...ids: readonly string[]): Membership {
  const member = new Membership({ id: 'self', profile, signer, random: new SeededRandom(1).next });
  member.join([], 0);
  const gossip = ids.map((id) => updateOf(id, 0, 'alive'));
  member.handleMessage(ids[0]!, { kind: 'join_reply', gossip }, 0);
  sentBy(member);
  return member;
}

/** Does what is due up to `untilMs`, in time; what was sent. */
function run(member: Membership, untilMs: number): { to: string; message: SwimMessage; atMs: number }[] {
  const sent: { to: string; message: SwimMessage; atMs: number }[] = [];
  for (;;) {
    const atMs = member.pollTimeout()?.atMs ?? Number.POSITIVE_INFINITY;
    if (atMs > untilMs) return sent;
    member.handleTimeout(atMs);
    sent.push(...sentBy(member).map((one) => ({ ...one, atMs })));
  }
}

describe('a member that stands still', () => {
  it.each(['timers', 'messages'] as const)(
    'S15: declares nobody dead, and is not; first come %s',
    (first) => {
      withSeeds(10, (seed) => {
        const mesh = new Mesh(seed, { loss: 0.05 }).startMany(20);
        mesh.clock.advance(20_000);
        mesh.stall('m6');
        mesh.clock.advance(profile.stallToleranceMs);
        expect(mesh.opinions('m6')).toContain('suspect');
        mesh.wake('m6', first);
        mesh.clock.advance(2_000);
        expect(mesh.opinions('m6')).toEqual(['alive']);
        mesh.clock.advance(30_000);
        expect(mesh.changes('dead')).toEqual([]);
      });
    },
  );

  it('S15: does so too where it stands still again and again', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(20);
      mesh.clock.advance(20_000);
      for (let time = 0; time < 10; time++) {
        mesh.stall('m6');
        mesh.clock.advance(3_000);
        mesh.wake('m6', 'timers');
        mesh.clock.advance(1_000);
      }
      mesh.clock.advance(30_000);
      expect(mesh.changes('dead')).toEqual([]);
      expect(mesh.opinions('m6')).toEqual(['alive']);
    });
  });

  it('S15: says so once, and gives suspects the time in which it heard nothing', () => {
    const member = memberOf('a', 'b', 'c');
    run(member, 100);
    member.handleMessage(
      'a',
      { kind: 'gossip', gossip: [updateOf('b', 0, 'dead'), updateOf('c', 0, 'suspect', 'a')] },
      100,
    );
    member.handleTimeout(1_000_000);
    const outputs = [];
    for (let output = member.pollOutput(); output !== undefined; output = member.pollOutput())
      outputs.push(output);
    expect(outputs.filter(({ kind }) => kind === 'stalled')).toHaveLength(1);
    expect(member.stateOf('c')).toBe('suspect');
    expect(member.localHealthScore).toBe(1);
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('c', 1, 'alive')] }, 1_000_010);
    run(member, 1_000_010 + 100);
    expect(member.stateOf('c')).toBe('alive');
  });
});

describe('suspicions', () => {
  const start = (members: number) => {
    const suspicions = new Suspicions(profile);
    suspicions.start(claimOf('x', 0), 'a', members, 0);
    return suspicions;
  };
  /** When it is over, every question asked in time. */
  const overAt = (suspicions: Suspicions): number => {
    for (let atMs = suspicions.nextAtMs(); atMs !== undefined; atMs = suspicions.nextAtMs())
      if (suspicions.steps(atMs).over.length > 0) return atMs;
    return Number.NaN;
  };

  it('S16: last three times as long as the shortest, and get shorter with each further accuser', () => {
    const minMs = suspicionMinMs(profile, 1_000);
    const times = [[], ['b'], ['b', 'c'], ['b', 'c', 'd'], ['b', 'c', 'd', 'e']].map((accusers) => {
      const suspicions = start(1_000);
      for (const by of accusers) suspicions.confirm('x', by);
      return overAt(suspicions) / minMs;
    });
    expect(times[0]).toBeCloseTo(3);
    expect(times[1]).toBeCloseTo(2);
    expect(times[2]).toBeCloseTo(3 - 2 * (Math.log(3) / Math.log(4)));
    expect(times[3]).toBeCloseTo(1);
    expect(times[4]).toBeCloseTo(1);
  });

  it('S16: count each accuser once, and no more than there can be', () => {
    const suspicions = start(1_000);
    expect(suspicions.confirm('x', 'a')).toBe(false);
    expect(suspicions.confirm('x', 'b')).toBe(true);
    expect(suspicions.confirm('x', 'b')).toBe(false);
    expect(suspicions.confirm('y', 'b')).toBe(false);
    expect(overAt(start(2))).toBeCloseTo(suspicionMinMs(profile, 2));
    const three = start(3);
    three.confirm('x', 'b');
    expect(overAt(three)).toBeCloseTo(suspicionMinMs(profile, 3));
  });

  it('S16: are never shorter than the shortest, whatever is said when', () => {
    const step = fc.record({
      byMs: fc.nat({ max: 3_000 }),
      what: fc.constantFrom('b', 'c', 'd', 'e', 'dead', 'stall'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const suspicions = start(1_000);
        let nowMs = 0;
        let heardMs = 0;
        let asked = 0;
        for (const { byMs, what } of steps) {
          nowMs += byMs;
          heardMs += byMs;
          if (what === 'stall') {
            nowMs += 10_000;
            suspicions.postpone(10_000);
          } else {
            if (what === 'dead') suspicions.shorten('x');
            else suspicions.confirm('x', what);
          }
          const { ask, over } = suspicions.steps(nowMs);
          asked += ask.length;
          if (over.length === 0) continue;
          expect(heardMs).toBeGreaterThanOrEqual(suspicionMinMs(profile, 1_000));
          expect(asked).toBe(6);
          return;
        }
      }),
    );
  });
});

describe('hearsay', () => {
  it('S14: nobody is dead because one says so: who is held for alive is asked', () => {
    const member = memberOf('a', 'b', 'c', 'd');
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('b', 0, 'dead')] }, 0);
    expect(member.stateOf('b')).toBe('alive');
    const ping = run(member, profile.probeIntervalMs).find(({ message }) => message.kind === 'ping');
    expect(ping?.to).toBe('b');
    expect(ping?.message.gossip[0]).toMatchObject({ claim: { id: 'b' }, state: 'dead' });
  });

  it('S14: one that was heard to be suspect and dead at once still has the shortest suspicion, and is asked thrice', () => {
    const member = memberOf('a', 'b', 'c', 'd');
    const gossip: MemberUpdate[] = [updateOf('b', 0, 'suspect', 'a'), updateOf('b', 0, 'dead')];
    member.handleMessage('a', { kind: 'gossip', gossip }, 0);
    const asked = run(member, suspicionMinMs(profile, 5) - 1).filter(
      ({ to, message, atMs }) => to === 'b' && message.kind === 'ping' && atMs > 0,
    );
    expect(member.stateOf('b')).toBe('suspect');
    expect(asked.length).toBeGreaterThanOrEqual(6);
    for (const { message } of asked)
      expect(message.gossip[0]).toMatchObject({ claim: { id: 'b' }, state: 'suspect' });
    run(member, suspicionMinMs(profile, 5) + 1);
    expect(member.stateOf('b')).toBe('dead');
  });

  it('S14: who leaves amid a suspicion and joins again comes to a verdict', () => {
    const member = memberOf('a', 'b', 'c');
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('b', 0, 'suspect', 'a')] }, 0);
    member.leave();
    member.join(['a'], 60_000);
    run(member, 60_000 + suspicionMinMs(profile, 4) - 1);
    expect(member.stateOf('b')).toBe('suspect');
    run(member, 60_000 + profile.suspicionMaxMultiplier * suspicionMinMs(profile, 4) + 1);
    expect(member.stateOf('b')).toBe('dead');
  });

  it('S14: a liar that goes on for ever kills nobody', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, { loss: 0.05 }).startMany(20);
      mesh.clock.advance(20_000);
      for (let time = 0; time < 100; time++) {
        const { claim } = mesh.members.get('m3')!;
        const gossip: MemberUpdate[] = [
          ...['m1', 'm2', 'm4', 'm5'].map((by) => ({ claim, state: 'suspect' as const, by })),
          { claim, state: 'dead' },
        ];
        for (let to = 0; to < 20; to++) mesh.network.send('m9', `m${to}`, { kind: 'gossip', gossip });
        mesh.clock.advance(300);
      }
      expect(mesh.changes('dead')).toEqual([]);
      mesh.clock.advance(5_000);
      expect(mesh.opinions('m3')).toEqual(['alive']);
    });
  });

  it('S14: a member that is told wrong things of itself answers with what it says', () => {
    const member = memberOf('a');
    const ping = (sequence: number): SwimMessage => ({
      kind: 'ping',
      sequence,
      gossip: [updateOf('self', 0, 'suspect', 'a')],
    });
    for (let sequence = 1; sequence < 40; sequence++) {
      member.handleMessage('a', ping(sequence), 0);
      const answer = sentBy(member).find(({ message }) => message.kind === 'ack');
      expect(answer?.message.gossip[0]).toMatchObject({
        claim: { id: 'self', incarnation: 1 },
        state: 'alive',
      });
    }
  });

  it('S17: who is suspect is told so by everybody that talks to it', () => {
    const member = memberOf('a', 'b');
    member.handleMessage('a', { kind: 'gossip', gossip: [updateOf('b', 0, 'suspect', 'a')] }, 0);
    for (let sequence = 1; sequence < 40; sequence++) {
      member.handleMessage('b', { kind: 'ping', sequence, gossip: [] }, 0);
      const answer = sentBy(member).find(({ message }) => message.kind === 'ack');
      expect(answer?.message.gossip[0]).toMatchObject({ claim: { id: 'b' }, state: 'suspect' });
    }
  });
});

describe('local health', () => {
  it('S18: stays within its bounds', () => {
    const health = new LocalHealth(8);
    health.better();
    expect(health.multiplier).toBe(1);
    for (let time = 0; time < 20; time++) health.worse();
    expect(health.multiplier).toBe(9);
  });

  it('S18: who gets no answer from anybody asks slower, and slower suspects', () => {
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const member = memberOf(...ids);
    const pings = run(member, 60_000).filter(({ message }) => message.kind === 'ping');
    expect(member.localHealthScore).toBe(8);
    const first = new Map<string, number>();
    for (const { to, atMs } of pings) if (!first.has(to)) first.set(to, atMs);
    const probes = [...first.values()];
    expect(probes[1]! - probes[0]!).toBeLessThan(profile.probeIntervalMs * 2 + 1);
    const suspects = member.members().filter(({ state }) => state !== 'alive').length;
    expect(suspects).toBeLessThan(60_000 / profile.probeIntervalMs / 4);
  });

  it('S18: who is told by all others that they got no answer either stays well', () => {
    const member = memberOf('a', 'b', 'c', 'd');
    for (let atMs = 0; atMs < 5_000; atMs = member.pollTimeout()!.atMs) {
      member.handleTimeout(atMs);
      for (const { to, message } of sentBy(member)) {
        if (message.kind === 'ping_request')
          member.handleMessage(to, { kind: 'nack', sequence: message.sequence, gossip: [] }, atMs);
      }
    }
    expect(member.members().some(({ state }) => state === 'suspect')).toBe(true);
    expect(member.localHealthScore).toBe(0);
  });

  it('S18: a probe for another one that gets no answer is told about in time, one that does is not', () => {
    const member = memberOf('a', 'b');
    const request = (sequence: number): SwimMessage => ({
      kind: 'ping_request',
      sequence,
      target: 'b',
      gossip: [],
    });
    member.handleMessage('a', request(7), 0);
    member.handleMessage('a', request(8), 0);
    const pings = sentBy(member);
    expect(pings.map(({ to }) => to)).toEqual(['b', 'b']);
    const [, second] = pings.map(({ message }) => ('sequence' in message ? message.sequence : 0));
    member.handleMessage('b', { kind: 'ack', sequence: second!, gossip: [] }, 50);
    expect(sentBy(member)).toMatchObject([{ to: 'a', message: { kind: 'ack', sequence: 8 } }]);
    const nacks = run(member, profile.probeTimeoutMs).filter(({ message }) => message.kind === 'nack');
    expect(nacks.map(({ to, message }) => [to, 'sequence' in message && message.sequence])).toEqual([
      ['a', 7],
    ]);
  });

  it('S7: an answer counts only from the target, or from those who were asked', () => {
    const member = memberOf('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const stranger = (sent: ReturnType<typeof run>) =>
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((id) => !sent.some(({ to }) => to === id))!;
    const sent = run(member, profile.probeIntervalMs);
    const ping = sent.find(({ message }) => message.kind === 'ping')!;
    const sequence = 'sequence' in ping.message ? ping.message.sequence : 0;
    member.handleMessage(stranger(sent), { kind: 'ack', sequence, gossip: [] }, profile.probeIntervalMs);
    run(member, 2 * profile.probeIntervalMs);
    expect(member.stateOf(ping.to)).toBe('suspect');
  });
});
