// npm run simulate -- [--factor N] [--first SEED]: the simulations and properties of `npm run unit`, many times as many and from any seed on.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const usage =
  'Usage: npm run simulate -- [--factor N] [--first SEED]; by default 20 times as many as in npm run unit, from a random seed on';

/** What has seeds or properties; of the transport only that, since its other tests take real time. */
const places = [
  ...['bloom', 'crypto', 'directory', 'dist-protocol', 'swim', 'tunnel', 'wire'].map(
    (name) => `packages/${name}/`,
  ),
  'packages/transport/src/core/',
  'packages/transport/src/quic/mutated-packets.test.ts',
  'packages/transport/src/quic/packet-header.test.ts',
  'packages/transport/src/quic/retry-token.test.ts',
  'packages/transport/src/quinn/identity.test.ts',
  'packages/transport/src/relay-url.test.ts',
  'packages/transport/src/tls/frames.test.ts',
  'packages/transport/src/tls/proxy-answers.test.ts',
  'packages/transport/src/worker/frames.test.ts',
  'apps/relay/src/config-mutated.test.ts',
  'apps/relay/src/routing/',
  'apps/relay/src/session/realm-isolation.test.ts',
  'apps/node-agent/src/control/',
  'tools/sim/src/routing/',
  'tools/sim/src/storm/',
  'tools/sim/src/swim/',
  'tools/sim/src/tunnel/',
];

/** Seconds that a test may take for each time as many. */
const secondsPerFactor = 20;

const { factor, first } = parse();
process.stdout.write(
  `factor ${factor}, seeds from ${first}: npm run simulate -- --factor ${factor} --first ${first}\n`,
);
const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    ...['run', '--project', 'unit', `--testTimeout=${factor * secondsPerFactor * 1000}`],
    ...places,
  ],
  {
    cwd: root,
    env: {
      ...process.env,
      RUN_FACTOR: String(factor),
      SEED_FIRST: String(first),
    },
    stdio: 'inherit',
  },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.exitCode = await new Promise((resolve, reject) => {
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? 1));
});

function parse() {
  try {
    const { values } = parseArgs({ options: { factor: { type: 'string' }, first: { type: 'string' } } });
    return {
      factor: integer(values.factor ?? '20', 10_000),
      // Below the 32 bits that seeds have.
      first: integer(values.first ?? String(randomInt(1, 1_000_000_000)), 2_000_000_000),
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n${usage}\n`);
    process.exit(2);
  }
}

function integer(text, max) {
  if (/^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= max) return Number(text);
  throw new Error(`${text} is no number from 1 to ${max}`);
}
