// node tools/e2e/pinned/pin.mjs COMMIT: bundles the relay and the client of that commit as wire-MAJOR.MINOR.mjs beside this script.

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

if (process.argv.length !== 3) {
  process.stderr.write('Usage: node tools/e2e/pinned/pin.mjs COMMIT\n');
  process.exit(2);
}
const commit = commitOf(process.argv[2]);
// Below node_modules: git ignores it, and the workspace takes no packages from there.
const checkout = fileURLToPath(new URL(`../node_modules/.pin-${commit}`, import.meta.url));
git('worktree', 'add', '--detach', checkout, commit);
try {
  install();
  process.stdout.write(`${await bundle()}\n`);
} finally {
  git('worktree', 'remove', '--force', checkout);
}

function commitOf(name) {
  try {
    return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).trim();
  } catch {
    process.stderr.write(`There is no commit ${name} in this clone; fetch it first.\n`);
    process.exit(1);
  }
}

/** What the commit's lock file says; nothing of it is built. */
function install() {
  const { packageManager } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  execFileSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'], {
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Gives the path of the bundle, which is named after the wire version that it says it speaks. */
async function bundle() {
  // The relay reads its version from the package.json one folder up, here as there.
  const made = join(checkout, 'apps', 'bundle.mjs');
  await build({
    absWorkingDir: checkout,
    stdin: {
      contents: readFileSync(join(here, 'entry.mjs'), 'utf8'),
      sourcefile: 'entry.mjs',
      // This package uses all others that the entry names.
      resolveDir: join(checkout, 'apps', 'relay'),
    },
    outfile: made,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    conditions: ['@macula/source'],
    // Native code, and what makes certificates: TLS alone with a certificate that is there needs none of them.
    external: ['@matrixai/quic', '@chainsafe/libp2p-quic', 'msgpackr-extract', 'selfsigned'],
    banner: {
      js: [
        `// Relay and client of commit ${commit}, made by pin.mjs; not to be edited.`,
        "import { createRequire as requireFrom } from 'node:module';",
        'const require = requireFrom(import.meta.url);',
      ].join('\n'),
    },
  });
  const { wireMajor, wireMinor } = await import(pathToFileURL(made).href);
  const path = join(here, `wire-${wireMajor}.${wireMinor}.mjs`);
  copyFileSync(made, path);
  return path;
}

function git(...args) {
  return execFileSync('git', args, { cwd: here, encoding: 'utf8' });
}
