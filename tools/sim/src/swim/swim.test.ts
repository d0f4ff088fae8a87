import { seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { runSwim } from './run.js';

it('100 relays with 5 % loss notice a death, bear one that stands still, and find together after a partition', () => {
  for (const seed of seedsOf(process.env, 3)) {
    withReplayHint(seed, 'npm run unit -- tools/sim/src/swim', () => {
      const result = runSwim({ seed, relays: 100, loss: 0.05, profile: 'lan', partition: true });
      expect(result.dead99Ms).toBeLessThanOrEqual(12_000);
      expect(result.stallSuspectedBy).toBeGreaterThan(50);
      expect(result.stallBackMs).toBeLessThanOrEqual(2_000);
      expect(result.healMs).toBeGreaterThan(0);
    });
  }
});
