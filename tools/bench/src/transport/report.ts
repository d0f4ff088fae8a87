import { formatTable } from '../table.js';
import type { AimResult } from './aims.js';
import type { TransportReport } from './bench-transport.js';
import type { ContestantName } from './calls.js';
import type { GrowthFigures } from './quic-costs.js';
import type { ThroughputFigures } from './throughput.js';

/** The report for people. */
export function formatReport(report: TransportReport): string {
  const { cores, node, platform } = report.machine;
  const parts: string[] = [
    `loopback, two processes each, ${cores} cores, Node ${node}, ${platform}; medians of ${report.rounds} interleaved rounds`,
  ];
  if (report.isQuick) parts.push('--quick: this shows that everything runs; the figures mean little');
  if (report.throughput.length > 0) parts.push(formatTable(throughputRows(report.throughput)));
  const facts = factRows(report);
  if (facts.length > 0) parts.push(formatTable(facts));
  if (report.aims.length > 0) parts.push(formatTable(aimRows(report.aims)));
  return parts.join('\n\n');
}

const titles: Readonly<Record<ContestantName, string>> = {
  quic: 'quic',
  worker: 'worker (dials to quic)',
  tls: 'tls',
  quinn: 'quinn',
  public: 'public (streams of @matrixai/quic)',
  pump: 'pump (bare native binding)',
  'node-tls': 'node-tls (bare node:tls)',
  'node-http2': 'node-http2 (one node:http2 stream)',
};

function throughputRows(all: readonly ThroughputFigures[]): string[][] {
  return [
    ['', 'bulk', 'echo 64 B p50', 'p99', 'CPU of dialer', 'of listener'],
    ...all.map(({ name, medians }) => [
      titles[name],
      `${rounded(medians.bulkMBps)} MB/s`,
      `${medians.echoP50Us.toFixed(0)} us`,
      `${medians.echoP99Us.toFixed(0)} us`,
      `${medians.dialerCpuMsPerMB.toFixed(2)} ms/MB`,
      `${medians.listenerCpuMsPerMB.toFixed(2)} ms/MB`,
    ]),
  ];
}

function factRows({ sessions, streams, connections, resets }: TransportReport): string[][] {
  const rows: string[][] = [];
  for (const { host, count, rssBytesPerSession, heapBytesPerSession, idleMs, cpuPercent } of sessions ?? []) {
    rows.push(
      [`${count} idle sessions, ${host}: resident`, perUnit(rssBytesPerSession, 'session')],
      ['  of it JavaScript heap', perUnit(heapBytesPerSession, 'session')],
      [`  CPU over ${idleMs / 1000} s`, `${cpuPercent.toFixed(2)} % of a core`],
    );
  }
  rows.push(...growthRows('stream', streams), ...growthRows('connection', connections));
  if (resets) {
    const { count, streamsMax, answeredBefore, answeredAfter } = resets;
    rows.push([
      `${streamsMax} streams at once answer before and after ${count} resets`,
      `${answeredBefore === streamsMax ? 'yes' : `no, ${answeredBefore}`}, ${
        answeredAfter === streamsMax ? 'yes' : `no, ${answeredAfter}`
      }`,
    ]);
  }
  return rows;
}

function growthRows(what: string, figures: GrowthFigures | undefined): string[][] {
  if (!figures) return [];
  const { before, after } = figures;
  return (['dialer', 'listener'] as const).flatMap((end) => [
    [
      `from ${before} to ${after} ${what}s that are over, ${end}: resident`,
      perUnit(figures[end].rssBytes / (after - before), what),
    ],
    ['  JavaScript heap', perUnit(figures[end].heapBytes / (after - before), what)],
  ]);
}

const suffixes: Partial<Record<AimResult['unit'], string>> = { x: 'x', count: '' };

function aimRows(aims: readonly AimResult[]): string[][] {
  return [
    ['aim', '', 'measured', ''],
    ...aims.map(({ what, unit, measured, sense, bound, reached }) => {
      const suffix = suffixes[unit] ?? ` ${unit}`;
      const digits = unit === 'x' ? 2 : 1;
      const exact = Number.isInteger(bound) || unit === 'x' ? String(bound) : bound.toFixed(digits);
      const figure = unit === 'count' ? String(measured) : measured.toFixed(digits);
      return [what, `${sense} ${exact}${suffix}`, `${figure}${suffix}`, reached ? 'reached' : 'missed'];
    }),
  ];
}

function perUnit(bytes: number, unit: string): string {
  return Math.abs(bytes) < 10_000
    ? `${bytes.toFixed(0)} B per ${unit}`
    : `${(bytes / 1000).toFixed(1)} kB per ${unit}`;
}

function rounded(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
