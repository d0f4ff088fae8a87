import { parseOptions } from '../command-line.js';
import { runSeeds } from '../seeds.js';
import { type RunResult, runTunnel } from './run.js';

/** `npm run sim -- tunnel` */
export const tunnel = {
  usage: `tunnel [--seeds N] [--first S] [--json]
  Two tunnels on a simulated network whose paths break; a reference model checks every step. The status is 1 when a run failed.

  --seeds  runs; default 1000
  --first  first seed; default 1
  --json   figures for machines on standard output
`,
  prepare(args: readonly string[]): () => number {
    const { numbers, flags } = parseOptions(args, {
      numbers: {
        seeds: { usual: 1_000, min: 1, max: 10_000_000 },
        first: { usual: 1, min: 1, max: 2_000_000_000 },
      },
      flags: ['json'],
    });
    return () => run(numbers, flags.has('json'));
  },
};

function run({ seeds, first }: { readonly seeds: number; readonly first: number }, json: boolean): number {
  const { results, failures, seconds } = runSeeds(
    { seeds, first, replay: (seed) => `npm run sim -- tunnel --seeds 1 --first ${seed}` },
    runTunnel,
  );
  const attaches = sum(results, (result) => result.attaches);
  const bytes = sum(results, (result) => result.bytes);
  const ends: Record<string, number> = {};
  for (const { fault, reason } of results)
    ends[`${fault}: ${reason}`] = (ends[`${fault}: ${reason}`] ?? 0) + 1;
  if (json) {
    const figures = { runs: seeds, attaches, bytes, seconds, ends, failures };
    process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
  } else {
    process.stdout.write(
      `${seeds} runs, ${attaches} attaches, ${bytes} bytes, ${failures.length} failures, ${seconds} s\n`,
    );
    for (const [end, count] of Object.entries(ends).sort()) process.stdout.write(`  ${end} ${count}\n`);
  }
  return failures.length === 0 ? 0 : 1;
}

function sum(results: readonly RunResult[], of: (result: RunResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}
