import { cpus } from 'node:os';
import { percentile } from '../statistics.js';
import { formatTable } from '../table.js';
import type { Child } from '../transport/children.js';
import { Children } from '../transport/children.js';
import { type FloodFigures, type FloodKind, floodKinds, floodRates } from './flooder.js';

/** Options of {@link benchFlood}. */
export interface FloodBenchOptions {
  /** Default: all. */
  readonly only?: readonly FloodKind[];
  /** Rounds over all floods, whose figures are put together. Default 1, which takes half a minute. */
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
}

/** One kind of flood over one transport. */
export interface FloodReport {
  readonly transport: FloodTransport;
  readonly kind: FloodKind;
  readonly before: VictimFigures;
  readonly during: VictimFigures;
  /** p99 during over p99 before; the aim is at most 2. */
  readonly ratio: number;
  readonly flooder: FloodFigures;
}

/** Over what victims and flooder reach the relay. */
export type FloodTransport = 'quic' | 'tls';

/**
 * What agents notice of a flood by one identity: a relay, the victims and the flooder in a process each, on loopback. Before each flood the victims
 * are measured without it, since figures of different moments don't compare.
 */
export async function benchFlood(options: FloodBenchOptions = {}): Promise<FloodReport[]> {
  const { only = floodKinds, rounds = 1, onProgress = () => {} } = options;
  const children = new Children();
  try {
    const reports: FloodReport[] = [];
    const flooder = children.start('flooder');
    for (const transport of ['quic', 'tls'] as const) {
      const relay = children.start('relay');
      const url = `${transport}://127.0.0.1:${await relay.call('relay', {})}`;
      const victims = children.start(`victims over ${transport}`);
      await victims.call('meet', { url, pairs });
      await victims.call('echoes', { ms, everyMs }); // warms up
      const samples = new Map(only.map((kind) => [kind, new Sample()]));
      for (let round = 0; round < rounds; round++)
        for (const [kind, sample] of samples) {
          onProgress(`${transport}: ${kind}`);
          await measure(sample.before, relay, victims);
          const flooding = flooder.call('flood', { kind, url, ms: ms + leadMs });
          await new Promise((resolve) => setTimeout(resolve, leadMs));
          await measure(sample.during, relay, victims);
          sample.add(await flooding);
        }
      for (const [kind, sample] of samples) reports.push({ transport, kind, ...sample.figures() });
      await Promise.all([relay.stop(), victims.stop()]);
    }
    return reports;
  } finally {
    await children.close();
  }
}

/** The table that the command prints. */
export function formatFloods(reports: readonly FloodReport[]): string {
  const rows = reports.map(({ transport, kind, before, during, ratio, flooder }) => [
    `${transport} ${kind}`,
    `${floodRates[kind]}/s`,
    `${before.p50Ms.toFixed(2)} ms`,
    `${before.p99Ms.toFixed(2)} ms`,
    `${during.p50Ms.toFixed(2)} ms`,
    `${during.p99Ms.toFixed(2)} ms`,
    `${ratio.toFixed(2)}x`,
    `${(before.relayCpuShare * 100).toFixed(0)} %`,
    `${(during.relayCpuShare * 100).toFixed(0)} %`,
    `${flooder.attempts}`,
    Object.entries(flooder.codes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  const head = ['', 'rate', 'p50', 'p99', 'p50 flooded', 'p99 flooded', 'ratio', 'CPU', 'CPU flooded'];
  return [
    `${pairs} tunnels through one relay, 64 bytes there and back every ${everyMs} ms each; ${cpus().length} cores, Node ${process.version}.`,
    'The flooder is one identity in a process of the lowest priority, which shares the cores; a session that the relay ends it makes again after 100 ms.',
    'CPU: of the relay, 100 % is one core. The aim is a ratio of p99 of at most 2; other work on this machine shows in p99 first.',
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

class Phase {
  readonly timesMs: number[] = [];
  cpuMs = 0;
  ms = 0;

  figures(): VictimFigures {
    const sorted = [...this.timesMs].sort((a, b) => a - b);
    const relayCpuShare = this.cpuMs / this.ms;
    return { p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99), relayCpuShare };
  }
}

/** All rounds of one flood. */
class Sample {
  readonly before = new Phase();
  readonly during = new Phase();
  #attempts = 0;
  readonly #codes: Partial<Record<string, number>> = {};

  add({ attempts, codes }: FloodFigures): void {
    this.#attempts += attempts;
    for (const [code, count] of Object.entries(codes)) this.#codes[code] = (this.#codes[code] ?? 0) + count;
  }

  figures(): Omit<FloodReport, 'transport' | 'kind'> {
    const before = this.before.figures();
    const during = this.during.figures();
    const flooder = { attempts: this.#attempts, codes: this.#codes };
    return { before, during, ratio: during.p99Ms / before.p99Ms, flooder };
  }
}

async function measure(phase: Phase, relay: Child, victims: Child): Promise<void> {
  const { cpuMs } = await relay.call('usage', { collect: false });
  const startedMs = performance.now();
  const times = await victims.call('echoes', { ms, everyMs });
  phase.timesMs.push(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  phase.cpuMs += (await relay.call('usage', { collect: false })).cpuMs - cpuMs;
  phase.ms += performance.now() - startedMs;
}
