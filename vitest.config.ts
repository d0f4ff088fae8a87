import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const sourceCondition = {
  resolve: { conditions: ['@macula/source'] },
  ssr: { resolve: { conditions: ['@macula/source'] } },
};

// `unit` runs the sources as they are (no build needed); `e2e` runs what was built, in real processes.
export default defineConfig({
  test: {
    // Two thirds of the time is waiting: for connections, ticks and time limits of real sockets.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    projects: [
      {
        ...sourceCondition,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'apps/*/src/**/*.test.ts',
            'tools/{tidy,sim,bench}/src/**/*.test.ts',
          ],
          setupFiles: ['./tools/sim/property-seed.ts'],
          // Against what hangs, not a measure: two cores may have other work.
          testTimeout: 40_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tools/e2e/src/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
