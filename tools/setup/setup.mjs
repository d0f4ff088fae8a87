// npm run setup [-- --with docker,netns]: everything that a fresh checkout needs; with what drivers of scenarios need beside it. May be run again at any time; quick when there is nothing to do.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { driversIn, ensureDrivers } from './drivers.mjs';
import { ensureOtp, otpFingerprint } from './otp.mjs';
import { root, runOrFail, SetupError, step } from './process.mjs';

const stampPath = join(root, 'node_modules', '.cache', 'macula', 'setup.json');

/**
 * Node's version, OTP, pnpm, dependencies, build; in this order, because the build compiles Erlang too.
 * @throws SetupError whose message says what the user has to do
 */
export async function setup() {
  checkNode();
  const stamp = readStamp();
  const otp = otpFingerprint();
  if (otp === undefined || otp !== stamp.otp) {
    step('OTP: checking');
    await ensureOtp();
  }
  const dependencies = dependencyHash();
  if (dependencies !== stamp.dependencies || !existsSync(join(root, 'node_modules', '.modules.yaml'))) {
    step('dependencies: pnpm install');
    // With another HOME the package store is another one; pnpm then asks before it makes node_modules anew.
    const args = [
      'install',
      '--frozen-lockfile',
      '--reporter=append-only',
      '--config.confirm-modules-purge=false',
    ];
    await pnpm(args, 'pnpm install');
  }
  step('build: turbo run build');
  const output = await pnpm(
    ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'],
    'turbo run build',
  );
  const summary = /Tasks:\s+(.*?)\s*$/m.exec(stripColours(output))?.[1] ?? 'done';
  writeStamp({ otp: otpFingerprint(), dependencies });
  step(`ready: ${summary}`);
}

/** Runs the pnpm version that package.json names; npx fetches it once. */
export function pnpm(args, label) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return runOrFail('npx', ['--yes', packageManager, ...args], { label });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Node.js ${process.versions.node} is too old. Install Node.js 20.19 or newer, for instance from https://nodejs.org.`,
  );
}

/** What decides whether `pnpm install` has anything to do. */
function dependencyHash() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}\n`);
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', 'package.json', ...manifests()])
    hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function manifests() {
  return ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(join(root, group))
      .sort()
      .map((name) => join(group, name, 'package.json'))
      .filter((path) => existsSync(join(root, path))),
  );
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(stamp) {
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, `${JSON.stringify(stamp)}\n`);
}

function stripColours(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with ESC
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

/** Runs a script's main function; a SetupError is one line on stderr and status 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(error instanceof SetupError ? `${error.message}\n` : `${error.stack}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await runScript(async () => {
    const drivers = driversIn(process.argv.slice(2));
    await setup();
    await ensureDrivers(drivers);
  });
