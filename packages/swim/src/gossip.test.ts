import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimOf, profile, updateOf } from '../test/mesh.js';
import { Gossip } from './gossip.js';
import { GossipQueue } from './gossip-queue.js';
import { type MemberUpdate, updateBytes } from './messages.js';

describe('the queue', () => {
  it('S10: gives what was sent least, the newest first, as often as it may be and as much as fits', () => {
    const action = fc.record({ id: fc.nat({ max: 6 }), isPush: fc.boolean(), bytes: fc.nat({ max: 400 }) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const queue = new GossipQueue();
        let waiting: { id: string; sent: number }[] = [];
        for (const { id, isPush, bytes } of actions) {
          if (isPush) {
            const update = updateOf(`m${id}`, 0, 'alive');
            queue.push(update);
            waiting = [
              { id: update.claim.id, sent: 0 },
              ...waiting.filter((one) => one.id !== update.claim.id),
            ];
            continue;
          }
          const given = queue.take(bytes, 3);
          expect(given.reduce((sum, update) => sum + updateBytes(update), 0)).toBeLessThanOrEqual(bytes);
          const count = Math.floor(bytes / updateBytes(updateOf('m0', 0, 'alive')));
          expect(given).toHaveLength(Math.min(count, waiting.length));
          const leastLeft = waiting
            .filter((one) => !given.some(({ claim }) => claim.id === one.id))
            .map(({ sent }) => sent);
          for (const { claim } of given) {
            const one = waiting.find(({ id: known }) => known === claim.id)!;
            expect(one.sent).toBeLessThanOrEqual(Math.min(...leastLeft, 3));
            one.sent += 1;
          }
          waiting = waiting.filter(({ sent }) => sent < 3);
          expect(queue.size).toBe(waiting.length);
        }
      }),
    );
  });
});

describe('what goes along', () => {
  it('S10: what is said of a member is sent as often as its own word, but in a wave', () => {
    const timesSent = (others: number) => {
      const gossip = new Gossip(profile);
      gossip.push(updateOf('x', 0, 'dead'));
      for (let index = 0; index < others; index++) gossip.push(updateOf(`o${index}`, 0, 'alive'));
      let times = 0;
      for (let message = 0; message < 1_000; message++)
        if (gossip.takeFor('y', [], 100).some(({ claim }) => claim.id === 'x')) times += 1;
      return times;
    };
    const sends = Math.ceil(Math.log(101)) + profile.retransmitMargin;
    expect(timesSent(0)).toBe(sends);
    expect(timesSent(15)).toBe(sends);
    // The last 16 of a wave are no wave.
    const gossip = new Gossip(profile);
    for (let index = 0; index < 100; index++) gossip.push(updateOf(`s${index}`, 0, 'dead'));
    let all = 0;
    while (gossip.size > 0) all += gossip.takeFor('y', [], 100).length;
    expect(all).toBeLessThanOrEqual(84 * Math.ceil(Math.log(101)) + 16 * sends);
  });

  it('S10: claims go before opinions and in a wave more often, however many opinions wait', () => {
    const gossip = new Gossip(profile);
    for (let index = 0; index < 500; index++) gossip.push(updateOf(`s${index}`, 0, 'suspect', 'a'));
    gossip.push(updateOf('refuted', 1, 'alive'));
    for (let index = 500; index < 1_000; index++) gossip.push(updateOf(`s${index}`, 0, 'suspect', 'a'));
    let times = 0;
    for (let message = 0; message < 40; message++)
      if (gossip.takeFor('x', [], 1_000)[0]?.claim.id === 'refuted') times += 1;
    expect(times).toBe(Math.ceil(Math.log(1_001)) + profile.retransmitMargin);
  });

  it('S10: other metadata goes behind deaths, however often it changes, and makes no wave', () => {
    const gossip = new Gossip(profile);
    gossip.push(updateOf('x', 0, 'dead'));
    let times = 0;
    for (let message = 1; message <= 40; message++) {
      for (let index = 0; index < 200; index++) gossip.push(updateOf(`o${index}`, message, 'alive'), true);
      expect(gossip.isWave).toBe(false);
      const taken = gossip.takeFor('y', [], 1_000);
      if (taken[0]?.claim.id === 'x') times += 1;
      expect(taken.length).toBeGreaterThan(3);
    }
    expect(times).toBe(Math.ceil(Math.log(1_001)) + profile.retransmitMargin);
  });

  it('S10: other metadata of who has just refuted goes first, too', () => {
    const gossip = new Gossip(profile);
    for (let index = 0; index < 500; index++) gossip.push(updateOf(`s${index}`, 0, 'suspect', 'a'));
    gossip.push(updateOf('x', 1, 'alive'));
    gossip.push(updateOf('x', 2, 'alive'), true);
    expect(gossip.takeFor('y', [], 100)[0]).toEqual(updateOf('x', 2, 'alive'));
  });

  it('S10: what must be told goes in only as far as there is room', () => {
    const gossip = new Gossip(profile);
    const big = (id: string): MemberUpdate => {
      const claim = claimOf(id.padEnd(128, '.'), 0, {
        metadata: new Uint8Array(256),
        signature: new Uint8Array(128),
      });
      return { claim, state: 'suspect', by: 'b'.repeat(128) };
    };
    const to = big('to');
    gossip.doubt({ claim: to.claim, state: 'dead' });
    const told = gossip.takeFor(to.claim.id, [to, { claim: big('self').claim, state: 'alive' }], 10);
    expect(told[0]).toEqual(to);
    expect(told.reduce((sum, update) => sum + updateBytes(update), 0)).toBeLessThanOrEqual(
      profile.gossipBytesMax,
    );
  });

  it('S10: the newest piece about a member replaces the older one, whatever it says', () => {
    const gossip = new Gossip(profile);
    gossip.push(updateOf('x', 0, 'suspect', 'a'));
    gossip.push(updateOf('x', 1, 'alive'));
    expect(gossip.takeFor('y', [], 10).map(({ state }) => state)).toEqual(['alive']);
    gossip.push(updateOf('x', 1, 'dead'));
    expect(gossip.takeFor('y', [], 10).map(({ state }) => state)).toEqual(['dead']);
    expect(gossip.size).toBe(1);
  });
});
