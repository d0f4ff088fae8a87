import { describe, expect, it } from 'vitest';
import { Mesh, withSeeds } from '../test/mesh.js';
import { type SwimProfileName, suspicionMinMs, swimProfiles } from './index.js';

/** The slowest lines that a profile is for, in one direction. */
const lines: Readonly<Record<SwimProfileName, { delayMs: number; jitterMs: number; loss: number }>> = {
  local: { delayMs: 0.1, jitterMs: 5, loss: 0 },
  lan: { delayMs: 5, jitterMs: 70, loss: 0.05 },
  wan: { delayMs: 75, jitterMs: 150, loss: 0.05 },
};

describe.each(['local', 'lan', 'wan'] as const)('profile %s', (name) => {
  const profile = swimProfiles[name];

  it('S4: declares nobody dead on the slowest line that it is for', () => {
    withSeeds(3, (seed) => {
      const mesh = new Mesh(seed, lines[name], profile).startMany(20);
      mesh.clock.advance(300_000);
      expect(mesh.changes('dead')).toEqual([]);
    });
  });

  it('S15: bears a standstill as long as its tolerance, and S2: notices a death', () => {
    withSeeds(5, (seed) => {
      const mesh = new Mesh(seed, lines[name], profile).startMany(20);
      mesh.clock.advance(30 * profile.probeIntervalMs);
      mesh.stall('m3');
      mesh.clock.advance(profile.stallToleranceMs);
      mesh.wake('m3', 'messages');
      mesh.clock.advance(20 * profile.probeIntervalMs);
      expect(mesh.opinions('m3')).toEqual(['alive']);
      expect(mesh.changes('dead')).toEqual([]);
      mesh.kill('m7');
      // Each member is probed within 2n − 1 intervals.
      const suspicionMs = profile.suspicionMaxMultiplier * suspicionMinMs(profile, 20);
      mesh.clock.advance(40 * profile.probeIntervalMs + suspicionMs);
      expect(mesh.opinions('m7')).toEqual(['dead']);
    });
  });
});
