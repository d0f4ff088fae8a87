import { pingAnswerMs, pingTimeoutMs } from '@macula/client';
import { handshakeCostMs, helloCostMs } from '@macula/relay/cores';
import { parseOptions } from '../command-line.js';
import { runSeeds } from '../seeds.js';
import { measuredHelloMs } from './hello-work.js';
import { runStorm, type StormResult } from './run.js';

/** `npm run sim -- storm` */
export const storm = {
  usage: `storm [--agents N] [--relays N] [--seeds N] [--first S] [--nats N] [--silent] [--json]
  One of the relays dies, and its agents move to the others, each of which has as many already. Runs with an address for each agent, and
  then with all of them behind some NATs. The status is 1 when an agent has no relay after 2 minutes, when a session that was there was lost, or when one PING in a
  hundred was overdue.

  --agents  of each relay; default 10000
  --relays  the one that dies included; default 2
  --seeds   runs of each kind, some 40 s each; default 2
  --first   first seed; default 1
  --nats    addresses in the second kind of runs; default 20
  --silent  the dead relay's machine is gone, too: its agents notice by PINGs without an answer, over 13 s
  --json    figures for machines on standard output
`,
  prepare(args: readonly string[]): () => number {
    const { numbers, flags } = parseOptions(args, {
      numbers: {
        agents: { usual: 10_000, min: 1, max: 100_000 },
        relays: { usual: 2, min: 2, max: 100 },
        seeds: { usual: 2, min: 1, max: 1_000_000 },
        first: { usual: 1, min: 1, max: 2_000_000_000 },
        nats: { usual: 20, min: 1, max: 1_000_000 },
      },
      flags: ['silent', 'json'],
    });
    return () => run(numbers, { isSilent: flags.has('silent'), isJson: flags.has('json') });
  },
};

interface Numbers {
  readonly agents: number;
  readonly relays: number;
  readonly seeds: number;
  readonly first: number;
  readonly nats: number;
}

function run(numbers: Numbers, { isSilent, isJson }: { isSilent: boolean; isJson: boolean }): number {
  const { agents, relays, seeds, first } = numbers;
  const kinds = [
    { name: 'an address each', nats: 0 },
    { name: `${numbers.nats} addresses`, nats: numbers.nats },
  ].map(({ name, nats }) => {
    const replay = (seed: number) =>
      `npm run sim -- storm --agents ${agents} --relays ${relays} --nats ${numbers.nats} --seeds 1 --first ${seed}${isSilent ? ' --silent' : ''}`;
    const runs = runSeeds({ seeds, first, replay }, (seed) =>
      runStorm({ seed, agents, relays, nats, isSilent }),
    );
    return { name, ...runs, broken: brokenBounds(runs.results) };
  });
  const work = { helloCostMs, handshakeCostMs, measuredCryptographyMs: round(measuredHelloMs()) };
  if (isJson)
    process.stdout.write(`${JSON.stringify({ agents, relays, isSilent, work, kinds }, undefined, 2)}\n`);
  else {
    process.stdout.write(
      `HELLO ${helloCostMs} ms and handshake ${handshakeCostMs} ms of a relay's CPU, measured over QUIC (apps/relay/src/limits.ts); the cryptography of a HELLO alone takes ${work.measuredCryptographyMs} ms here\n`,
    );
    for (const kind of kinds) print(kind, numbers);
  }
  return kinds.every(({ failures, broken }) => failures.length + broken.length === 0) ? 0 : 1;
}

function print(
  kind: {
    name: string;
    results: readonly StormResult[];
    failures: readonly unknown[];
    seconds: number;
    broken: readonly string[];
  },
  { agents, relays }: Numbers,
): void {
  const { name, results, failures, seconds, broken } = kind;
  process.stdout.write(
    `${results.length + failures.length} runs, ${agents} agents of one of ${relays} relays move, ${name}: ${failures.length} failures, ${seconds} s; the worst of each:\n`,
  );
  for (const key of Object.keys(results[0] ?? {}) as (keyof StormResult)[])
    if (key !== 'seed') process.stdout.write(`  ${key} ${worst(results, key)}\n`);
  for (const one of broken) process.stdout.write(`  broken: ${one}\n`);
}

function brokenBounds(results: readonly StormResult[]): string[] {
  const broken: string[] = [];
  const check = (key: keyof StormResult, most: number) => {
    if (worst(results, key) > most) broken.push(`${key} ${worst(results, key)} > ${most}`);
  };
  check('pingWaitP99Ms', pingAnswerMs);
  check('pingWaitMaxMs', pingTimeoutMs);
  check('sessionsLost', 0);
  return broken;
}

function worst(results: readonly StormResult[], key: keyof StormResult): number {
  return Math.max(0, ...results.map((result) => result[key]));
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
