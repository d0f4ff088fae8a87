import { cpus } from 'node:os';
import { type OtpNode, Scene } from '@macula/e2e';
import { listOfNumbers } from '../list-of-numbers.js';
import { median, percentile } from '../statistics.js';
import { formatTable } from '../table.js';
import { type Child, Children } from '../transport/children.js';
import { type FloodFigures, type FloodKind, floodKinds, floodRates } from './flooder.js';

/** Options of {@link benchFlood}. */
export interface FloodBenchOptions {
  /** Default: all. */
  readonly only?: readonly FloodKind[];
  /** Rounds over all floods, whose medians are the figures. Default 1, which takes two minutes. */
  readonly rounds?: number;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** `rpc:call` between two nodes. */
export interface CallFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One kind of flood over one transport. */
export interface FloodReport {
  readonly transport: FloodTransport;
  readonly kind: FloodKind;
  readonly before: CallFigures;
  /** While another relay on the same machine has the flood: what sharing the cores costs. */
  readonly elsewhere: CallFigures;
  readonly during: CallFigures;
  /** p99 during over p99 before; the aim is at most 2. */
  readonly ratio: number;
  readonly flooder: FloodFigures;
}

/** Over what nodes and flooder reach the relay. */
export type FloodTransport = (typeof transports)[number];

const transports = ['quic', 'tls'] as const;

/** Calls of one measurement, one after the other: two to four seconds. */
const calls = 2000;
/** The flood is under way when the calls begin, and over when they are. */
const leadMs = 200;

/**
 * What two OTP nodes notice of a flood of their relay by one identity. Before each flood the calls are measured without it, since figures of
 * different moments don't compare, and while another relay has it, since all share the cores.
 */
export async function benchFlood(options: FloodBenchOptions = {}): Promise<FloodReport[]> {
  const { only = floodKinds, rounds = 1, onProgress = () => {} } = options;
  const scene = new Scene();
  const children = new Children();
  try {
    const flooder = children.start('flooder');
    if (!flooder.makeIdle()) onProgress('without chrt, the flooder takes time on the cores from the others');
    const [relay, other] = await Promise.all([
      scene.relay({ label: 'relay-1' }),
      scene.relay({ label: 'relay-2' }),
    ]);
    const reports: FloodReport[] = [];
    for (const transport of transports) {
      const url = relay.url.replace('https:', `${transport}:`);
      const otherUrl = other.url.replace('https:', `${transport}:`);
      const [from, to] = await Promise.all([
        scene.node({ name: `a@${transport}.test`, relays: [url] }),
        scene.node({ name: `b@${transport}.test`, relays: [url] }),
      ]);
      await from.evalUntil(`net_adm:ping('${to.name}')`, 'pong', 30_000);
      await measure(from, to); // warms up
      const samples = new Map(only.map((kind) => [kind, new Sample()]));
      for (let round = 0; round < rounds; round++)
        for (const [kind, sample] of samples) {
          onProgress(`${transport}: ${kind}`);
          sample.before.push(await measure(from, to));
          sample.elsewhere.push((await measureFlooded({ from, to, flooder, kind, url: otherUrl })).calls);
          sample.add(await measureFlooded({ from, to, flooder, kind, url }));
        }
      for (const [kind, sample] of samples) reports.push({ transport, kind, ...sample.figures() });
    }
    return reports;
  } finally {
    await Promise.all([children.close(), scene.stop()]);
  }
}

/** The table that the command prints. */
export function formatFloods(reports: readonly FloodReport[]): string {
  const ms = (figure: number): string => `${figure.toFixed(2)} ms`;
  const rows = reports.map(({ transport, kind, before, elsewhere, during, ratio, flooder }) => [
    `${transport} ${kind}`,
    `${floodRates[kind]}/s`,
    ...[before.p50Ms, before.p99Ms, elsewhere.p50Ms, elsewhere.p99Ms, during.p50Ms, during.p99Ms].map(ms),
    `${ratio.toFixed(2)}x`,
    `${(during.p99Ms / elsewhere.p99Ms).toFixed(2)}x`,
    `${flooder.attempts}`,
    Object.entries(flooder.codes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  const head = ['', 'rate', 'p50', 'p99', 'p50 other', 'p99 other', 'p50 flooded', 'p99 flooded'];
  return [
    `rpc:call between two nodes through one relay, ${calls} in a row; ${cpus().length} cores, Node ${process.version}.`,
    'The flooder is one identity in a process that runs when nothing else wants the core; a session that the relay ends it makes again after 100 ms.',
    'Other: while another relay of this machine is flooded instead. The aim is a p99 of at most twice the one before; other work on this machine shows in it first.',
    '',
    formatTable([[...head, 'to before', 'to other', 'attempts', 'codes'], ...rows]),
  ].join('\n');
}

/** All rounds of one flood. */
class Sample {
  readonly before: CallFigures[] = [];
  readonly elsewhere: CallFigures[] = [];
  readonly #during: CallFigures[] = [];
  #attempts = 0;
  readonly #codes: Partial<Record<string, number>> = {};

  add({ calls, flood: { attempts, codes } }: { calls: CallFigures; flood: FloodFigures }): void {
    this.#during.push(calls);
    this.#attempts += attempts;
    for (const [code, count] of Object.entries(codes)) this.#codes[code] = (this.#codes[code] ?? 0) + count;
  }

  figures(): Omit<FloodReport, 'transport' | 'kind'> {
    const before = medians(this.before);
    const during = medians(this.#during);
    const flooder = { attempts: this.#attempts, codes: this.#codes };
    const ratio = during.p99Ms / before.p99Ms;
    return { before, elsewhere: medians(this.elsewhere), during, ratio, flooder };
  }
}

function medians(rounds: readonly CallFigures[]): CallFigures {
  const of = (name: keyof CallFigures): number => median(rounds.map((round) => round[name]));
  return { p50Ms: of('p50Ms'), p99Ms: of('p99Ms') };
}

async function measure(from: OtpNode, to: OtpNode): Promise<CallFigures> {
  const times = await listOfNumbers(from, `macula_e2e:rpc_times('${to.name}', ${calls})`);
  return { p50Ms: percentile(times, 50) / 1000, p99Ms: percentile(times, 99) / 1000 };
}

async function measureFlooded(on: {
  readonly from: OtpNode;
  readonly to: OtpNode;
  readonly flooder: Child;
  readonly kind: FloodKind;
  readonly url: string;
}): Promise<{ readonly calls: CallFigures; readonly flood: FloodFigures }> {
  const { from, to, flooder, kind, url } = on;
  const flooding = flooder.call('flood', { kind, url, ms: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, leadMs));
  const figures = await measure(from, to);
  await flooder.call('stopFlood', {});
  return { calls: figures, flood: await flooding };
}
