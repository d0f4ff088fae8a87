import { cpus } from 'node:os';
import { benchEtf, type EtfReport, formatEtf, missedByEtf } from './etf.js';
import { benchLinks, formatLinks, type LinksReport, missedByLinks } from './links.js';

/** The parts of the benchmark, in their order. */
export const distProtocolSections = ['etf', 'links'] as const;
export type DistProtocolSection = (typeof distProtocolSections)[number];

/** Options of {@link benchDistProtocol}. */
export interface DistProtocolOptions {
  /** Default: all. */
  readonly only?: readonly DistProtocolSection[];
  /** Interleaved rounds of each section, whose medians are the figures. Default: each section's own. */
  readonly rounds?: number;
  /** Called before each measurement. */
  readonly onProgress?: (text: string) => void;
}

/** What was measured of `@macula/dist-protocol`; sections that weren't chosen are missing. */
export interface DistProtocolReport {
  readonly machine: { readonly cores: number; readonly node: string };
  readonly etf?: EtfReport;
  readonly links?: LinksReport;
  /** The aims that were missed, a sentence each. */
  readonly missed: readonly string[];
}

/** `@macula/dist-protocol` beside what else there is for Node, and a TypeScript node beside OTP's own. */
export async function benchDistProtocol(options: DistProtocolOptions = {}): Promise<DistProtocolReport> {
  const { only = distProtocolSections, ...common } = options;
  const etf = only.includes('etf') ? benchEtf(common) : undefined;
  const links = only.includes('links') ? await benchLinks(common) : undefined;
  return {
    machine: { cores: cpus().length, node: process.version },
    ...(etf === undefined ? {} : { etf }),
    ...(links === undefined ? {} : { links }),
    missed: [
      ...(etf === undefined ? [] : missedByEtf(etf)),
      ...(links === undefined ? [] : missedByLinks(links)),
    ],
  };
}

/** The report for people. */
export function formatDistProtocol({ machine, etf, links, missed }: DistProtocolReport): string {
  return [
    `${machine.cores} cores, Node ${machine.node}`,
    ...(etf === undefined ? [] : [formatEtf(etf)]),
    ...(links === undefined ? [] : [formatLinks(links)]),
    missed.length === 0 ? 'Every aim is reached.' : `Missed:\n${missed.map((aim) => `  ${aim}`).join('\n')}`,
  ].join('\n\n');
}
