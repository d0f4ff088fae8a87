import { median } from '../statistics.js';
import type { ContestantName } from './calls.js';
import type { GrowthFigures, ResetFigures, SessionFigures } from './quic-costs.js';
import type { ThroughputFigures, ThroughputSample } from './throughput.js';

/** Everything that was measured; what wasn't chosen is missing. */
export interface Measured {
  readonly throughput: readonly ThroughputFigures[];
  readonly sessions?: readonly SessionFigures[];
  readonly streams?: GrowthFigures;
  readonly connections?: GrowthFigures;
  readonly resets?: ResetFigures;
}

/** An aim beside what was measured. */
export interface AimResult {
  readonly what: string;

  readonly unit: 'x' | 'kB' | 'B' | 'MB' | '%' | 'count';
  readonly measured: number;
  /** Which side of `bound` is aimed at. */
  readonly sense: 'at least' | 'at most' | 'less than';
  readonly bound: number;
  readonly reached: boolean;
}

/** The aims that can be judged by what was measured. */
export function judge(measured: Measured): AimResult[] {
  return [
    ...ratioAims.flatMap(({ key, label, of, to, sense, bound }) => {
      const ratio = ratioWithin(measured.throughput, { key, of, to });
      const what = `${of} ${label} / ${to} ${label}`;
      return ratio === undefined ? [] : [aim({ what, unit: 'x', measured: ratio, sense, bound })];
    }),
    ...(measured.sessions ?? []).flatMap(sessionAims),
    ...streamAims(measured.streams),
    ...connectionAims(measured.connections),
    ...resetAims(measured.resets),
  ];
}

/**
 * Median over the rounds of the ratio within a round: what slows a machine down for a while slows both. Undefined when one of
 * them wasn't measured.
 */
export function ratioWithin(
  all: readonly ThroughputFigures[],
  { key, of, to }: { key: keyof ThroughputSample; of: ContestantName; to: ContestantName },
): number | undefined {
  const above = all.find(({ name }) => name === of);
  const below = all.find(({ name }) => name === to);
  if (!above || !below) return undefined;
  return median(above.rounds.map((sample, index) => sample[key] / below.rounds[index]![key]));
}

interface RatioAim {
  readonly key: 'bulkMBps' | 'echoP50Us';
  readonly label: string;
  readonly of: ContestantName;
  readonly to: ContestantName;
  readonly sense: AimResult['sense'];
  readonly bound: number;
}

const bulk = { key: 'bulkMBps', label: 'bulk', sense: 'at least' } as const;
const echo = { key: 'echoP50Us', label: 'echo p50', sense: 'at most' } as const;

const ratioAims: readonly RatioAim[] = [
  { ...bulk, of: 'quic', to: 'public', bound: 20 },
  { ...echo, of: 'quic', to: 'public', bound: 0.3 },
  { ...bulk, of: 'quic', to: 'pump', bound: 0.9 },
  { ...bulk, of: 'quinn', to: 'quic', bound: 150 / 60 },
  { ...bulk, of: 'tls', to: 'node-tls', bound: 0.8 },
  { ...echo, of: 'tls', to: 'node-tls', bound: 1.5 },
];

function sessionAims(figures: SessionFigures): AimResult[] {
  const { host, count, open, keepAliveMs, rssBytesPerSession, cpuPercent } = figures;
  const pings = `keep-alives of ${keepAliveMs / 1000} s`;
  return [
    aim({
      what: `idle sessions still open, ${host}`,
      unit: 'count',
      measured: open,
      sense: 'at least',
      bound: count,
    }),
    aim({
      what: `memory of the ${host} per idle session, of ${count}`,
      unit: 'kB',
      measured: rssBytesPerSession / 1000,
      sense: 'at most',
      bound: 60,
    }),
    aim({
      what: `CPU of the ${host} with ${count} idle sessions, ${pings}`,
      unit: '%',
      measured: cpuPercent,
      sense: 'less than',
      bound: 5,
    }),
  ];
}

function streamAims(figures: GrowthFigures | undefined): AimResult[] {
  if (!figures) return [];
  const streams = figures.after - figures.before;
  return (['dialer', 'listener'] as const).map((end) =>
    aim({
      what: `bytes that stay per closed stream, ${end}`,
      unit: 'B',
      measured: figures[end].rssBytes / streams,
      sense: 'at most',
      bound: 100,
    }),
  );
}

function connectionAims(figures: GrowthFigures | undefined): AimResult[] {
  if (!figures) return [];
  return (['dialer', 'listener'] as const).map((end) =>
    aim({
      what: `memory after ${figures.after} connections less that after ${figures.before}, ${end}`,
      unit: 'MB',
      measured: figures[end].rssBytes / 1e6,
      sense: 'at most',
      bound: 20,
    }),
  );
}

function resetAims(figures: ResetFigures | undefined): AimResult[] {
  if (!figures) return [];
  return [
    aim({
      what: `streams at once that answer after ${figures.count} resets`,
      unit: 'count',
      measured: figures.answeredAfter,
      sense: 'at least',
      bound: figures.streamsMax,
    }),
  ];
}

function aim(wanted: Omit<AimResult, 'reached'>): AimResult {
  return { ...wanted, reached: isReached(wanted) };
}

function isReached({ measured, sense, bound }: Omit<AimResult, 'reached'>): boolean {
  if (sense === 'at least') return measured >= bound;
  return sense === 'at most' ? measured <= bound : measured < bound;
}
