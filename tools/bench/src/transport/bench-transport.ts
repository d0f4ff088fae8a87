import { cpus } from 'node:os';
import { makeDevCertificate } from '@macula/transport';
import { type AimResult, judge, type Measured } from './aims.js';
import { Children } from './children.js';
import { contestantsOf, fullPlan, quickPlan, type SectionName, sectionNames } from './plan.js';
import {
  benchConnections,
  benchResets,
  benchSessions,
  benchStreams,
  type SessionFigures,
  type SessionHost,
} from './quic-costs.js';
import { benchThroughput } from './throughput.js';

/** Options of {@link benchTransport}. */
export interface TransportBenchOptions {
  /** Default: all. A transport brings what it is compared with. */
  readonly only?: readonly SectionName[];
  /** Rounds; in each, everybody is measured once. Default 5, quick 1. */
  readonly rounds?: number;
  /** A few MB of everything, to see that it runs. Default false. */
  readonly quick?: boolean;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** Everything measured in a run; units are in the names. */
export interface TransportReport extends Measured {
  readonly machine: { readonly cores: number; readonly node: string; readonly platform: string };
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly aims: readonly AimResult[];
}

/** Measures the transports of `@macula/transport` on loopback, beside what they are compared with. */
export async function benchTransport(options: TransportBenchOptions = {}): Promise<TransportReport> {
  const { only = sectionNames, quick = false, onProgress = () => {} } = options;
  const base = quick ? quickPlan : fullPlan;
  const plan = { ...base, rounds: options.rounds ?? base.rounds };
  const certificate = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
  const children = new Children();
  try {
    const names = contestantsOf(only);
    const measured: Measured = {
      throughput: await benchThroughput(children, names, certificate, plan, onProgress),
      sessions: await benchEachHost(only, (host) =>
        benchSessions(children, host, certificate, plan, onProgress),
      ),
      ...(only.includes('streams') && {
        streams: await benchStreams(children, certificate, plan, onProgress),
      }),
      ...(only.includes('connections') && {
        connections: await benchConnections(children, certificate, plan, onProgress),
      }),
      ...(only.includes('resets') && {
        resets: await benchResets(children, certificate, plan, onProgress),
      }),
    };
    return {
      machine: {
        cores: cpus().length,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
      },
      rounds: plan.rounds,
      isQuick: quick,
      ...measured,
      aims: judge(measured),
    };
  } finally {
    await children.close();
  }
}

async function benchEachHost(
  only: readonly SectionName[],
  bench: (host: SessionHost) => Promise<SessionFigures>,
): Promise<SessionFigures[]> {
  const figures: SessionFigures[] = [];
  for (const [section, host] of hosts) if (only.includes(section)) figures.push(await bench(host));
  return figures;
}

const hosts: readonly (readonly [SectionName, SessionHost])[] = [
  ['sessions', 'listener'],
  ['relay', 'relay'],
];
