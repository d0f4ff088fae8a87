import { parseOptions } from '../command-line.js';
import { runSeeds } from '../seeds.js';
import { runSwim, type SwimResult } from './run.js';

/** What S21 of packages/swim/SPEC.md promises. */
const bounds = { dead99MedianMs: 8_000, dead99WorstMs: 12_000, stallBackMs: 2_000 };

/** `npm run sim -- swim` */
export const swim = {
  usage: `swim [--relays N] [--seeds N] [--first S] [--partitions N] [--json]
  Relays with the profile lan and 5 % loss: one dies, one stands still for 5 s, one says something else of itself, and in the first runs the mesh is parted for 2 minutes.
  The status is 1 when a live relay was declared dead, or a bound of S21 in packages/swim/SPEC.md was passed.

  --relays      default 1000
  --seeds       runs; default 20
  --first       first seed; default 1
  --partitions  runs that end with a partition: with 1,000 relays it takes thirty times as long as the rest; default 1
  --json        figures for machines on standard output
`,
  prepare(args: readonly string[]): () => number {
    const { numbers, flags } = parseOptions(args, {
      numbers: {
        relays: { usual: 1_000, min: 8, max: 4_096 },
        seeds: { usual: 20, min: 1, max: 1_000_000 },
        first: { usual: 1, min: 1, max: 2_000_000_000 },
        partitions: { usual: 1, min: 0, max: 1_000_000 },
      },
      flags: ['json'],
    });
    return () => run(numbers, flags.has('json'));
  },
};

interface Numbers {
  readonly relays: number;
  readonly seeds: number;
  readonly first: number;
  readonly partitions: number;
}

function run({ relays, seeds, first, partitions }: Numbers, json: boolean): number {
  const replay = (seed: number) => {
    const parted = seed < first + partitions ? 1 : 0;
    return `npm run sim -- swim --relays ${relays} --seeds 1 --first ${seed} --partitions ${parted}`;
  };
  const { results, failures, seconds } = runSeeds({ seeds, first, replay }, (seed) =>
    runSwim({ seed, relays, loss: 0.05, profile: 'lan', partition: seed < first + partitions }),
  );
  const figures = { relays, runs: seeds, seconds, ...summaryOf(results), failures };
  const broken = brokenBounds(figures);
  if (json) process.stdout.write(`${JSON.stringify({ ...figures, broken, results }, undefined, 2)}\n`);
  else {
    process.stdout.write(`${seeds} runs of ${relays} relays, ${failures.length} failures, ${seconds} s\n`);
    for (const [name, value] of Object.entries(summaryOf(results)))
      process.stdout.write(`  ${name} ${value}\n`);
    for (const one of broken) process.stdout.write(`  broken: ${one}\n`);
  }
  return failures.length === 0 && broken.length === 0 ? 0 : 1;
}

type Summary = ReturnType<typeof summaryOf>;

function summaryOf(results: readonly SwimResult[]) {
  const of = (value: (result: SwimResult) => number | undefined) =>
    results
      .map(value)
      .filter((one) => one !== undefined)
      .sort((left, right) => left - right);
  const median = (values: readonly number[]) => values[Math.floor(values.length / 2)];
  const dead99 = of(({ dead99Ms }) => dead99Ms);
  const stallBack = of(({ stallBackMs }) => stallBackMs);
  const metadata99 = of(({ metadata99Ms }) => metadata99Ms);
  const heal = of(({ healMs }) => healMs);
  return {
    dead99MedianMs: median(dead99),
    dead99WorstMs: dead99.at(-1),
    deadAllWorstMs: of(({ deadAllMs }) => deadAllMs).at(-1),
    stallBackMedianMs: median(stallBack),
    stallBackWorstMs: stallBack.at(-1),
    metadata99MedianMs: median(metadata99),
    metadata99WorstMs: metadata99.at(-1),
    metadataAllWorstMs: of(({ metadataAllMs }) => metadataAllMs).at(-1),
    healMedianMs: median(heal),
    healWorstMs: heal.at(-1),
    suspicions: of(({ suspicions }) => suspicions).reduce((sum, one) => sum + one, 0),
    messagesPerRelayAndMinute: median(of(({ messagesPerMinute }) => messagesPerMinute)),
    bytesPerRelayAndMinute: median(of(({ bytesPerMinute }) => bytesPerMinute)),
  };
}

function brokenBounds({ dead99MedianMs = 0, dead99WorstMs = 0, stallBackWorstMs = 0 }: Summary): string[] {
  const broken: string[] = [];
  const check = (what: string, value: number, most: number) => {
    if (value > most) broken.push(`${what} ${value} > ${most}`);
  };
  check('dead99MedianMs', dead99MedianMs, bounds.dead99MedianMs);
  check('dead99WorstMs', dead99WorstMs, bounds.dead99WorstMs);
  check('stallBackWorstMs', stallBackWorstMs, bounds.stallBackMs);
  return broken;
}
