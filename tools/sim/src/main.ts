/** `npm run sim -- tunnel`: seeded runs of whole simulations, as many as wanted, without a test runner. */
import { parseArgs } from 'node:util';
import { type RunResult, runTunnel } from './tunnel/run.js';

const usage = `Usage: npm run sim -- tunnel [--seeds N] [--first S] [--json]

  --seeds  runs; default 1000
  --first  first seed; default 1
  --json   figures for machines on standard output

Two tunnels on a simulated network whose paths break; a reference model checks every step. The status is 1 when a run failed.
`;

interface Failure {
  readonly seed: number;
  readonly message: string;
  /** The command that runs it again. */
  readonly replay: string;
}

const { seeds, first, json } = parse();
const results: RunResult[] = [];
const failures: Failure[] = [];
const beganMs = performance.now();
for (let seed = first; seed < first + seeds; seed++) {
  try {
    results.push(runTunnel(seed));
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const replay = `npm run sim -- tunnel --seeds 1 --first ${seed}`;
    failures.push({ seed, message, replay });
    process.stderr.write(`seed ${seed}: ${message}; to run this again: ${replay}\n`);
  }
}
report();
process.exitCode = failures.length === 0 ? 0 : 1;

function report(): void {
  const attaches = results.reduce((sum, result) => sum + result.attaches, 0);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  const ends: Record<string, number> = {};
  for (const { fault, reason } of results)
    ends[`${fault}: ${reason}`] = (ends[`${fault}: ${reason}`] ?? 0) + 1;
  const seconds = Math.round(performance.now() - beganMs) / 1000;
  if (json) {
    const figures = { runs: seeds, attaches, bytes, seconds, ends, failures };
    process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
    return;
  }
  process.stdout.write(
    `${seeds} runs, ${attaches} attaches, ${bytes} bytes, ${failures.length} failures, ${seconds} s\n`,
  );
  for (const [end, count] of Object.entries(ends).sort()) process.stdout.write(`  ${end} ${count}\n`);
}

function parse(): { readonly seeds: number; readonly first: number; readonly json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seeds: { type: 'string' }, first: { type: 'string' }, json: { type: 'boolean' } },
    });
    if (positionals.length !== 1 || positionals[0] !== 'tunnel')
      throw new Error('say which simulation: tunnel');
    return {
      seeds: integer(values.seeds ?? '1000', 10_000_000),
      first: integer(values.first ?? '1', 2_000_000_000),
      json: values.json ?? false,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

function integer(text: string, max: number): number {
  if (/^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= max) return Number(text);
  throw new Error(`${text} is no number from 1 to ${max}`);
}
