import { cpus } from 'node:os';
import { median, percentile } from '../statistics.js';
import { formatTable } from '../table.js';
import type { Child } from '../transport/children.js';
import { Children } from '../transport/children.js';
import { type FloodFigures, type FloodKind, floodKinds, floodRates } from './flooder.js';

/** Options of {@link benchFlood}. */
export interface FloodBenchOptions {
  /** Default: all. */
  readonly only?: readonly FloodKind[];
  /** Rounds over all floods, whose medians are the figures. Default 1, which takes three quarters of a minute. */
  readonly rounds?: number;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** Round trips of the victims, and what the relay did for it. */
export interface VictimFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core. */
  readonly relayCpuShare: number;
  /** Longest time for which the relay's event loop did not come round, whatever the cause; milliseconds. */
  readonly longestTurnMs: number;
}

/** One kind of flood over one transport. */
export interface FloodReport {
  readonly transport: FloodTransport;
  readonly kind: FloodKind;
  readonly before: VictimFigures;
  /** While another relay on the same machine has the flood: what sharing the cores costs. */
  readonly elsewhere: VictimFigures;
  readonly during: VictimFigures;
  /** p99 during over p99 before; the aim is at most 2. */
  readonly ratio: number;
  readonly flooder: FloodFigures;
}

/** Over what victims and flooder reach the relay. */
export type FloodTransport = 'quic' | 'tls';

/**
 * What agents notice of a flood by one identity: a relay, the victims and the flooder in a process each, on loopback. Before each flood the victims
 * are measured without it, since figures of different moments don't compare, and while another relay has it, since all share the cores.
 */
export async function benchFlood(options: FloodBenchOptions = {}): Promise<FloodReport[]> {
  const { only = floodKinds, rounds = 1, onProgress = () => {} } = options;
  const children = new Children();
  try {
    const reports: FloodReport[] = [];
    const flooder = children.start('flooder');
    for (const transport of ['quic', 'tls'] as const) {
      const relay = children.start('relay');
      const other = children.start('other relay');
      const url = `${transport}://127.0.0.1:${await relay.call('relay', {})}`;
      const otherUrl = `${transport}://127.0.0.1:${await other.call('relay', {})}`;
      const victims = children.start(`victims over ${transport}`);
      await victims.call('meet', { url, pairs });
      await victims.call('echoes', { ms, everyMs }); // warms up
      const samples = new Map(only.map((kind) => [kind, new Sample()]));
      for (let round = 0; round < rounds; round++)
        for (const [kind, sample] of samples) {
          onProgress(`${transport}: ${kind}`);
          const measureFlooded = async (phase: Phase, flooded: string): Promise<FloodFigures> => {
            const flooding = flooder.call('flood', { kind, url: flooded, ms: ms + leadMs });
            await new Promise((resolve) => setTimeout(resolve, leadMs));
            phase.add(await measure(relay, victims));
            return flooding;
          };
          sample.before.add(await measure(relay, victims));
          await measureFlooded(sample.elsewhere, otherUrl);
          sample.add(await measureFlooded(sample.during, url));
        }
      for (const [kind, sample] of samples) reports.push({ transport, kind, ...sample.figures() });
      await Promise.all([relay.stop(), other.stop(), victims.stop()]);
    }
    return reports;
  } finally {
    await children.close();
  }
}

/** The table that the command prints. */
export function formatFloods(reports: readonly FloodReport[]): string {
  const rows = reports.map(({ transport, kind, before, elsewhere, during, ratio, flooder }) => [
    `${transport} ${kind}`,
    `${floodRates[kind]}/s`,
    `${before.p50Ms.toFixed(2)} ms`,
    `${before.p99Ms.toFixed(2)} ms`,
    `${elsewhere.p99Ms.toFixed(2)} ms`,
    `${during.p50Ms.toFixed(2)} ms`,
    `${during.p99Ms.toFixed(2)} ms`,
    `${ratio.toFixed(2)}x`,
    `${(before.relayCpuShare * 100).toFixed(0)} %`,
    `${(during.relayCpuShare * 100).toFixed(0)} %`,
    `${before.longestTurnMs.toFixed(1)} ms`,
    `${during.longestTurnMs.toFixed(1)} ms`,
    `${flooder.attempts}`,
    Object.entries(flooder.codes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  const head = [
    ...['', 'rate', 'p50', 'p99', 'p99 other', 'p50 flooded', 'p99 flooded', 'ratio'],
    ...['CPU', 'CPU flooded', 'turn', 'turn flooded'],
  ];
  return [
    `${pairs} tunnels through one relay, 64 bytes there and back every ${everyMs} ms each; ${cpus().length} cores, Node ${process.version}.`,
    'The flooder is one identity in a process of the lowest priority, which shares the cores; a session that the relay ends it makes again after 100 ms.',
    'Other: while another relay of this machine is flooded instead. Turn: the longest of the relay. CPU: of the relay, 100 % is one core. The aim is a ratio of p99 of at most 2; other work on this machine shows in p99 first.',
    '',
    formatTable([[...head, 'attempts', 'codes'], ...rows]),
  ].join('\n');
}

const pairs = 4;
const everyMs = 10;
/** Milliseconds of one measurement. */
const ms = 1000;
/** The flood is under way when the victims are measured. */
const leadMs = 200;

/** One phase in all rounds; figures are medians of the rounds, which one stall of the machine doesn't change. */
class Phase {
  readonly #rounds: VictimFigures[] = [];

  add(round: VictimFigures): void {
    this.#rounds.push(round);
  }

  figures(): VictimFigures {
    const of = (name: keyof VictimFigures): number => median(this.#rounds.map((round) => round[name]));
    return {
      ...{ p50Ms: of('p50Ms'), p99Ms: of('p99Ms') },
      ...{ relayCpuShare: of('relayCpuShare'), longestTurnMs: of('longestTurnMs') },
    };
  }
}

/** All rounds of one flood. */
class Sample {
  readonly before = new Phase();
  readonly elsewhere = new Phase();
  readonly during = new Phase();
  #attempts = 0;
  readonly #codes: Partial<Record<string, number>> = {};

  add({ attempts, codes }: FloodFigures): void {
    this.#attempts += attempts;
    for (const [code, count] of Object.entries(codes)) this.#codes[code] = (this.#codes[code] ?? 0) + count;
  }

  figures(): Omit<FloodReport, 'transport' | 'kind'> {
    const before = this.before.figures();
    const elsewhere = this.elsewhere.figures();
    const during = this.during.figures();
    const flooder = { attempts: this.#attempts, codes: this.#codes };
    return { before, elsewhere, during, ratio: during.p99Ms / before.p99Ms, flooder };
  }
}

async function measure(relay: Child, victims: Child): Promise<VictimFigures> {
  const { cpuMs } = await relay.call('usage', { collect: false });
  await relay.call('longestTurn', {});
  const startedMs = performance.now();
  const times = await victims.call('echoes', { ms, everyMs });
  const longestTurnMs = await relay.call('longestTurn', {});
  const relayCpuMs = (await relay.call('usage', { collect: false })).cpuMs - cpuMs;
  const relayCpuShare = relayCpuMs / (performance.now() - startedMs);
  const sorted = times.map((time) => time ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  return { p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99), relayCpuShare, longestTurnMs };
}
