import { parseOptions } from '../command-line.js';
import { type DirectoryResult, runDirectory } from './directory.js';
import { type FilterResult, runFilters } from './filters.js';
import { type RoutingRun, World } from './world.js';

/** What packages/bloom/SPEC.md aims at. */
const bounds = { moreThanOneTry: 0.01, reachable99Ms: 1_000, falsePositivesOff: 0.2 };

/** Standard deviations by which chance is off in one of 16,000 runs. */
export const deviationsMax = 4;

/** `npm run sim -- routing` */
export const routing = {
  usage: `routing [--relays N] [--names N] [--changes N] [--directory-names N] [--first S] [--json]
  Routing filters beside a one-hop directory, with 10, 100, … relays up to N: traffic, memory, wrong tries, time until a new name is reachable.
  The status is 1 when filters need more than one try for 1 % of the OPENs or more than 1 s (99 %), or their false positives are
  off by more than a fifth from theory.

  --relays   default 1000
  --names    of all relays together at that number; the smaller ones have as many per relay; default 1000000
  --changes  moves of each name per hour; default 1
  --directory-names  with which the real directory runs at most, the others counted as so many more of these: 1,000,000
             at 1,000 relays need 3.2 GB and 130 s; default 150000
  --first    seed; default 1
  --json     figures for machines on standard output
`,
  prepare(args: readonly string[]): () => number {
    const { numbers, flags } = parseOptions(args, {
      numbers: {
        relays: { usual: 1_000, min: 2, max: 4_000 },
        names: { usual: 1_000_000, min: 100, max: 4_000_000 },
        changes: { usual: 1, min: 1, max: 60 },
        'directory-names': { usual: 150_000, min: 100, max: 4_000_000 },
        first: { usual: 1, min: 1, max: 2_000_000_000 },
      },
      flags: ['json'],
    });
    if (numbers.names < numbers.relays) throw new Error('--names must be at least --relays');
    return () => run(numbers, flags.has('json'));
  },
};

interface Numbers {
  readonly 'directory-names': number;
  readonly relays: number;
  readonly names: number;
  readonly changes: number;
  readonly first: number;
}

interface Row {
  readonly run: RoutingRun;
  readonly filters: FilterResult;
  readonly directory: DirectoryResult;
  readonly seconds: number;
}

function run(numbers: Numbers, json: boolean): number {
  const { relays, names, changes, first } = numbers;
  const sizes = [10, 100, 1_000].filter((size) => size < relays).concat(relays);
  const rows = sizes.map((size) =>
    runRouting({
      seed: first,
      relays: size,
      namesPerRelay: Math.floor(names / relays),
      changesPerHour: changes,
      opensPerHour: 1,
      minutes: size < 1_000 ? 10 : 1,
      lookups: 50_000,
      directoryNames: Math.max(size, numbers['directory-names']),
      loss: 0.05,
    }),
  );
  const broken = rows.flatMap(brokenBounds);
  const residentBytes = process.memoryUsage().rss;
  if (json) process.stdout.write(`${JSON.stringify({ rows, broken, residentBytes }, undefined, 2)}\n`);
  else {
    for (const row of rows) process.stdout.write(textOf(row));
    process.stdout.write(`${Math.round(residentBytes / 1e6)} MB resident in the end\n`);
    for (const one of broken) process.stdout.write(`broken: ${one}\n`);
  }
  return broken.length === 0 ? 0 : 1;
}

/** One size, both ways. @throws {Error} when a filter denies a name, or a follower differs from its origin */
export function runRouting(options: RoutingRun): Row {
  const beganMs = performance.now();
  const filters = runFilters(new World(options), options);
  const directory = runDirectory(new World(options), options);
  return { run: options, filters, directory, seconds: Math.round(performance.now() - beganMs) / 1000 };
}

function brokenBounds({ run: { relays }, filters }: Row): string[] {
  const broken: string[] = [];
  if (filters.moreThanOneTry >= bounds.moreThanOneTry)
    broken.push(`${relays} relays: ${percent(filters.moreThanOneTry)} of the OPENs need more than one try`);
  if (filters.reachable99Ms >= bounds.reachable99Ms)
    broken.push(`${relays} relays: ${filters.reachable99Ms} ms until a name is reachable`);
  const off = Math.abs(filters.falsePositives / filters.falsePositivesByTheory - 1);
  // Of few a fifth more or less is chance.
  if (off > bounds.falsePositivesOff && Math.abs(filters.falsePositivesOff) > deviationsMax)
    broken.push(
      `${relays} relays: false positives ${filters.falsePositives}, not ${filters.falsePositivesByTheory}`,
    );
  return broken;
}

function textOf({ run, filters, directory, seconds }: Row): string {
  const names = run.relays * run.namesPerRelay;
  const lines = [
    ['', 'filters', 'directory'],
    ['kB per relay and minute', kilo(filters.bytesPerMinute), kilo(directory.bytesPerMinute)],
    ['kB of routing table', kilo(filters.tableBytes), kilo(directory.tableBytes)],
    ['OPENs that need more than one try', percent(filters.moreThanOneTry), percent(directory.moreThanOneTry)],
    ['ms until reachable, 99 %', `${filters.reachable99Ms}`, `${directory.reachable99Ms}`],
    ['false positives of one filter', filters.falsePositives.toExponential(2), '-'],
    ['by theory', filters.falsePositivesByTheory.toExponential(2), '-'],
    ['bits, hashes, B per delta', `${filters.bits}, ${filters.hashes}, ${filters.deltaBytes}`, '-'],
    ['kB of records, lookups, checks', '-', kilosOf(directory)],
    ['wrong, of OPENs asked', '-', `${directory.wrong} of ${directory.opens}`],
    ['ms until an owner has answered, 99 %', '-', `${directory.answered99Ms}`],
    ['fullest relay', '-', `${directory.fullest.toFixed(2)} × average`],
  ];
  const table = lines.map(
    ([what = '', one = '', other = '']) => `  ${what.padEnd(36)}${one.padStart(18)}${other.padStart(18)}\n`,
  );
  const sampled =
    directory.simulatedNames < names
      ? `; the directory with ${directory.simulatedNames} of them, multiplied`
      : '';
  return `${run.relays} relays, ${names} names, ${run.minutes} min: ${seconds} s${sampled}\n${table.join('')}`;
}

function kilosOf(directory: DirectoryResult): string {
  const { recordBytesPerMinute, lookupBytesPerMinute, checkBytesPerMinute } = directory;
  return [recordBytesPerMinute, lookupBytesPerMinute, checkBytesPerMinute].map(kilo).join(', ');
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(4)} %`;
}
