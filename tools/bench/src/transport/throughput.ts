import type { CertificatePair } from '@macula/transport';
import { median, percentile } from '../statistics.js';
import type { ContestantName, Target } from './calls.js';
import type { Child, Children } from './children.js';
import type { Plan } from './plan.js';

/** What one contestant did in one round. */
export interface ThroughputSample {
  /** MB/s (10^6 bytes) on one stream. */
  readonly bulkMBps: number;
  /** Microseconds of 64 bytes there and back. */
  readonly echoP50Us: number;
  readonly echoP99Us: number;
  /** Milliseconds of CPU per MB of bulk; a worker process counts to its dialer. */
  readonly dialerCpuMsPerMB: number;
  readonly listenerCpuMsPerMB: number;
}

/** Figures of one contestant. */
export interface ThroughputFigures {
  readonly name: ContestantName;
  readonly medians: ThroughputSample;
  /** In the order of the rounds: samples of one index were taken within one round. */
  readonly rounds: readonly ThroughputSample[];
}

interface Pair {
  readonly name: ContestantName;
  readonly dialer: Child;
  readonly listener: Child;
  readonly target: Target;
}

/** Measures everybody once in each round, because figures of different moments don't compare. */
export async function benchThroughput(
  children: Children,
  names: readonly ContestantName[],
  certificate: CertificatePair,
  plan: Plan,
  onProgress: (text: string) => void,
): Promise<ThroughputFigures[]> {
  const pairs: Pair[] = [];
  for (const name of names) {
    const listener = children.start(`listener of ${name}`);
    const dialer = children.start(`dialer of ${name}`);
    const port = await listener.call('listen', { contestant: name, certificate });
    pairs.push({ name, listener, dialer, target: { contestant: name, port, certificate } });
  }
  const samples = new Map<ContestantName, ThroughputSample[]>(names.map((name) => [name, []]));
  for (let round = plan.warmUp ? 0 : 1; round <= plan.rounds; round++)
    for (const pair of pairs) {
      onProgress(round === 0 ? `warming up: ${pair.name}` : `round ${round} of ${plan.rounds}: ${pair.name}`);
      const sample = await measure(pair, plan);
      if (round > 0) samples.get(pair.name)!.push(sample);
    }
  await children.stop();
  return names.map((name) => summarize(name, samples.get(name)!));
}

/** Medians of each figure. */
export function summarize(name: ContestantName, rounds: readonly ThroughputSample[]): ThroughputFigures {
  const of = (key: keyof ThroughputSample): number => median(rounds.map((sample) => sample[key]));
  const medians = {
    bulkMBps: of('bulkMBps'),
    echoP50Us: of('echoP50Us'),
    echoP99Us: of('echoP99Us'),
    dialerCpuMsPerMB: of('dialerCpuMsPerMB'),
    listenerCpuMsPerMB: of('listenerCpuMsPerMB'),
  };
  return { name, medians, rounds };
}

async function measure({ name, dialer, listener, target }: Pair, plan: Plan): Promise<ThroughputSample> {
  const bytes = plan.bulkBytes[name];
  const ends = [dialer, listener];
  const usage = () => Promise.all(ends.map((end) => end.call('usage', { collect: false })));
  const before = await usage();
  const bulkMs = await dialer.call('bulk', { ...target, bytes });
  const after = await usage();
  const [dialerCpu, listenerCpu] = after.map((end, index) => end.cpuMs - before[index]!.cpuMs);
  const timesMs = await dialer.call('echo', { ...target, count: plan.echoCount });
  const sorted = timesMs.sort((a, b) => a - b);
  return {
    bulkMBps: bytes / 1e3 / bulkMs,
    echoP50Us: percentile(sorted, 50) * 1e3,
    echoP99Us: percentile(sorted, 99) * 1e3,
    dialerCpuMsPerMB: dialerCpu! / (bytes / 1e6),
    listenerCpuMsPerMB: listenerCpu! / (bytes / 1e6),
  };
}
