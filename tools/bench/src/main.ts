/** `pnpm bench node-pair`, `pnpm bench transport`, `pnpm bench flood` and `pnpm bench dist-protocol`. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import {
  benchDistProtocol,
  type DistProtocolSection,
  distProtocolSections,
  formatDistProtocol,
} from './dist-protocol/bench-dist-protocol.js';
import { benchFlood, formatFloods } from './flood/bench-flood.js';
import { type FloodKind, floodKinds } from './flood/flooder.js';
import { benchNodePair, type NodePairFigures } from './node-pair.js';
import { formatTable } from './table.js';
import { benchTransport } from './transport/bench-transport.js';
import { type SectionName, sectionNames } from './transport/plan.js';
import { formatReport } from './transport/report.js';

const usage = `Usage: pnpm bench node-pair [--json] [--rounds N]
       pnpm bench flood [--json] [--rounds N] [--only ${floodKinds.join(',')}]
       pnpm bench transport [--json] [--rounds N] [--quick] [--check] [--only ${sectionNames.join(',')}]
       pnpm bench dist-protocol [--json] [--rounds N] [--check] [--only ${distProtocolSections.join(',')}]

  --json    figures for machines on standard output
  --rounds  interleaved rounds; default 5, of flood 1, of dist-protocol 9
  --quick   a few MB of everything, to see that it runs
  --check   exit code 1 when an aim is missed
  --only    some sections; a transport brings what it is compared with. Or some floods
`;

const onProgress = (text: string): void => {
  process.stderr.write(`· ${text}\n`);
};

interface CommandOptions {
  readonly sections?: readonly string[];
  readonly hasQuick?: boolean;
  readonly hasCheck?: boolean;
}
type CommandName = 'node-pair' | 'flood' | 'transport' | 'dist-protocol';
const commands: Readonly<Record<CommandName, CommandOptions>> = {
  'node-pair': {},
  flood: { sections: floodKinds },
  transport: { sections: sectionNames, hasQuick: true, hasCheck: true },
  'dist-protocol': { sections: distProtocolSections, hasCheck: true },
};

const { name, values, rounds, only } = parse();
if (name === 'node-pair') await nodePair();
else if (name === 'flood') await flood();
else if (name === 'dist-protocol') await distProtocol();
else await transport();

async function flood(): Promise<void> {
  const kinds = only as readonly FloodKind[] | undefined;
  const reports = await benchFlood({
    ...(rounds === undefined ? {} : { rounds }),
    ...(kinds === undefined ? {} : { only: kinds }),
    onProgress,
  });
  print(values.json ? JSON.stringify(reports, undefined, 2) : formatFloods(reports));
}

async function distProtocol(): Promise<void> {
  const report = await benchDistProtocol({
    ...(rounds === undefined ? {} : { rounds }),
    ...(only === undefined ? {} : { only: only as readonly DistProtocolSection[] }),
    onProgress,
  });
  print(values.json ? JSON.stringify(report, undefined, 2) : formatDistProtocol(report));
  if (values.check && report.missed.length > 0) process.exitCode = 1;
}

async function nodePair(): Promise<void> {
  const figures = await benchNodePair({ rounds: rounds ?? 5, onProgress });
  if (values.json) print(JSON.stringify(figures, undefined, 2));
  else {
    print(`medians of ${rounds ?? 5} interleaved rounds, ${cpus().length} cores, Node ${process.version}\n`);
    print(formatTable(rows(figures)));
  }
  process.exit(0);
}

async function transport(): Promise<void> {
  const report = await benchTransport({
    quick: values.quick === true,
    ...(rounds === undefined ? {} : { rounds }),
    ...(only === undefined ? {} : { only: only as readonly SectionName[] }),
    onProgress,
  });
  print(values.json ? JSON.stringify(report, undefined, 2) : formatReport(report));
  if (values.check && report.aims.some(({ reached }) => !reached)) process.exitCode = 1;
}

function parse() {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        check: { type: 'boolean' },
        only: { type: 'string' },
      },
    });
    const [name, ...rest] = positionals;
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    const only = values.only?.split(',');
    const options = Object.hasOwn(commands, name ?? '') ? commands[name as CommandName] : undefined;
    const isRight =
      options !== undefined &&
      rest.length === 0 &&
      (rounds === undefined || (Number.isInteger(rounds) && rounds >= 1)) &&
      (values.quick === undefined || options.hasQuick === true) &&
      (values.check === undefined || options.hasCheck === true) &&
      (only ?? []).every((section) => options.sections?.includes(section) === true);
    if (isRight) return { name: name as CommandName, values, rounds, only };
  } catch {
    // An option that isn't known.
  }
  process.stderr.write(usage);
  process.exit(2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function rows(all: readonly NodePairFigures[]): string[][] {
  const base = all[0]!;
  const ratio = (value: number, of: number): string => `${(value / of).toFixed(2)}x`;
  return [
    ['', 'bulk 64 KiB', '', '64 B p50', '', '64 B p99', '', 'rpc:call p50', ''],
    ...all.map((entry) => [
      entry.name,
      `${entry.bulkMBps.toFixed(0)} MB/s`,
      ratio(entry.bulkMBps, base.bulkMBps),
      `${entry.roundTripP50Us.toFixed(0)} us`,
      ratio(entry.roundTripP50Us, base.roundTripP50Us),
      `${entry.roundTripP99Us.toFixed(0)} us`,
      ratio(entry.roundTripP99Us, base.roundTripP99Us),
      `${entry.rpcP50Us.toFixed(0)} us`,
      ratio(entry.rpcP50Us, base.rpcP50Us),
    ]),
  ];
}
