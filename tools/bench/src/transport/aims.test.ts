import { describe, expect, it } from 'vitest';
import { judge, ratioWithin } from './aims.js';
import type { ContestantName } from './calls.js';
import { contestantsOf } from './plan.js';
import type { GrowthFigures, SessionFigures } from './quic-costs.js';
import { summarize, type ThroughputFigures } from './throughput.js';

function figures(name: ContestantName, rounds: readonly [bulk: number, p50: number][]): ThroughputFigures {
  return summarize(
    name,
    rounds.map(([bulkMBps, echoP50Us]) => ({
      bulkMBps,
      echoP50Us,
      echoP99Us: 2 * echoP50Us,
      dialerCpuMsPerMB: 1,
      listenerCpuMsPerMB: 1,
    })),
  );
}

describe('ratios', () => {
  it('are taken within a round, so a slow moment of the machine cancels out', () => {
    // Ratios 2, 2, 3; the ratio of the medians would be 40 / 10.
    const all = [
      figures('tls', [
        [40, 1],
        [20, 1],
        [300, 1],
      ]),
      figures('node-tls', [
        [20, 1],
        [10, 1],
        [100, 1],
      ]),
    ];
    expect(all[0]!.medians.bulkMBps).toBe(40);
    expect(ratioWithin(all, { key: 'bulkMBps', of: 'tls', to: 'node-tls' })).toBe(2);
  });

  it('with somebody who was not measured do not exist', () => {
    const all = [figures('quic', [[60, 200]])];
    expect(ratioWithin(all, { key: 'bulkMBps', of: 'quic', to: 'pump' })).toBeUndefined();
    expect(judge({ throughput: all })).toEqual([]);
  });
});

describe('an aim', () => {
  const pair = (bulk: number, p50: number): ThroughputFigures[] => [
    figures('tls', [[bulk, p50]]),
    figures('node-tls', [[100, 100]]),
  ];
  const reached = (throughput: readonly ThroughputFigures[]): boolean[] =>
    judge({ throughput }).map((aim) => aim.reached);

  it('of at least, or at most, is reached by the bound itself', () => {
    expect(reached(pair(80, 150))).toEqual([true, true]);
  });

  it('is missed just beyond the bound', () => {
    expect(reached(pair(79.9, 150.1))).toEqual([false, false]);
  });

  it('is missed by a figure that is none', () => {
    expect(reached(pair(Number.NaN, Number.NaN))).toEqual([false, false]);
  });

  it('is there for each measured section', () => {
    const sessions: SessionFigures = {
      host: 'listener',
      count: 2000,
      open: 1999,
      keepAliveMs: 20_000,
      idleMs: 40_000,
      rssBytesPerSession: 60_001,
      heapBytesPerSession: 0,
      cpuPercent: 5,
    };
    const growth: GrowthFigures = {
      before: 1000,
      after: 2000,
      dialer: { rssBytes: 100_000, heapBytes: 0 },
      listener: { rssBytes: 21e6, heapBytes: 0 },
    };
    const resets = { count: 10, streamsMax: 4096, answeredBefore: 4096, answeredAfter: 4095 };
    const aims = judge({
      throughput: [],
      sessions: [sessions],
      streams: growth,
      connections: growth,
      resets,
    });
    expect(aims.map(({ measured, reached }) => [measured, reached])).toEqual([
      [1999, false],
      [60.001, false],
      [5, false],
      [100, true],
      [21_000, false],
      [0.1, true],
      [21, false],
      [4095, false],
    ]);
  });
});

it('a transport brings what it is compared with, and a section on QUIC brings nobody', () => {
  expect(contestantsOf(['tls'])).toEqual(['tls', 'node-tls', 'node-http2']);
  expect(contestantsOf(['quinn', 'resets'])).toEqual(['quic', 'quinn']);
  expect(contestantsOf(['sessions'])).toEqual([]);
});
