import { pingAnswerMs } from '@macula/client';
import { seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { runStorm } from './run.js';

it.each([
  ['from an address each', 0, false],
  ['from behind two addresses', 2, false],
  ['from a relay whose machine is gone as well', 0, true],
])(
  '500 agents that move at once, %s, are in soon, and no session that was there is doubted',
  (_, nats, isSilent) => {
    for (const seed of seedsOf(process.env, 3)) {
      withReplayHint(seed, 'npm run unit -- tools/sim/src/storm', () => {
        const result = runStorm({ seed, agents: 500, relays: 2, nats, isSilent });
        // Silent: until the last PING, and the two rounds of dialling that try the dead relay first.
        expect(result.inAllMs).toBeLessThan(isSilent ? 20_000 : 10_000);
        expect(result.pingWaitMaxMs).toBeLessThan(pingAnswerMs);
        expect(result).toMatchObject({ doubts: 0, sessionsLost: 0, refusedLimits: 0 });
      });
    }
  },
);

it('2,000 agents are more than a relay has time for: some wait for their turn, and the sessions that were there are none the worse', () => {
  const result = runStorm({ seed: 1, agents: 2000, relays: 2, nats: 0, isSilent: false });
  expect(result.refusedBusy + result.handshakesLeft).toBeGreaterThan(0);
  expect(result.inAllMs).toBeLessThan(20_000);
  expect(result.pingWaitP99Ms).toBeLessThan(pingAnswerMs);
  expect(result.sessionsLost).toBe(0);
});
