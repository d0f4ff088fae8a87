// Compiles the Erlang side of the harness into ebin/.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ebin = join(here, 'ebin');
mkdirSync(ebin, { recursive: true });
const sources = readdirSync(join(here, 'erl')).filter((name) => name.endsWith('.erl'));
const { status, error } = spawnSync(
  'erlc',
  ['-W', '-Werror', '+debug_info', '-o', ebin, ...sources.map((name) => join(here, 'erl', name))],
  {
    stdio: 'inherit',
  },
);
if (error) process.stderr.write(`erlc couldn't be run (${error.message}). Install Erlang/OTP 25 or newer.\n`);
process.exitCode = error ? 1 : (status ?? 1);
