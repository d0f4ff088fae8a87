import { seedsOf, withReplayHint } from '@macula/testkit';
import { expect, it } from 'vitest';
import { runTunnel } from './run.js';

it('tunnels deliver everything once and in order over any number of paths, or end in time', () => {
  const results = seedsOf(process.env, 200).map((seed) => {
    let result: ReturnType<typeof runTunnel> | undefined;
    withReplayHint(seed, 'npm run unit -- tools/sim/src/tunnel', () => {
      result = runTunnel(seed);
    });
    return result!;
  });
  const attaches = results.reduce((sum, result) => sum + result.attaches, 0);
  if (results.length > 1) expect(attaches).toBeGreaterThan(results.length);
});
