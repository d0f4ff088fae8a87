// Programs that drivers of scenarios need: found, or installed from Debian's packages when this is root.

import { findOnPath, run, SetupError, step } from './process.mjs';

/** Programs of each driver and the packages that have them. */
const needs = {
  docker: [
    ['docker', 'docker.io'],
    ['dockerd', 'docker.io'],
    ['iptables', 'iptables'],
    ['ip', 'iproute2'],
    ['unshare', 'util-linux'],
  ],
  netns: [
    ['ip', 'iproute2'],
    ['nsenter', 'util-linux'],
    ['unshare', 'util-linux'],
    ['nft', 'nftables'],
    ['cc', 'gcc', 'libc6-dev'],
  ],
};

/**
 * The drivers in `--with docker,netns`.
 * @throws SetupError for one that isn't known
 */
export function driversIn(args) {
  const at = args.findIndex((arg) => arg === '--with' || arg.startsWith('--with='));
  if (at < 0) return [];
  const value = args[at] === '--with' ? args[at + 1] : args[at].slice('--with='.length);
  const names = (value ?? '').split(',');
  if (names.every((name) => name in needs)) return names;
  throw new SetupError(`Usage: npm run setup -- [--with ${Object.keys(needs).join(',')}]`);
}

/** Installs what is missing. That it can't is no failure: it says why, and a run without a driver says what it leaves out. */
export async function ensureDrivers(names) {
  for (const name of names) {
    if (name === 'docker' && (await hasEngine())) continue;
    const before = missing(name);
    if (before.length === 0) continue;
    const packages = [...new Set(before.flatMap(([, ...packages]) => packages))];
    const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages];
    if (process.getuid?.() !== 0 || !findOnPath('apt-get')) {
      step(
        `driver ${name}: ${absent(before)}. On Debian, as root: ${install.filter((word) => word !== '-qq').join(' ')}`,
      );
      continue;
    }
    step(`driver ${name}: apt-get install ${packages.join(' ')}`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const options = { label: 'apt-get', env, timeoutMs: 300_000 };
    await run('apt-get', ['update', '-qq'], options);
    const { output } = await run(install[0], install.slice(1), options);
    // A package whose service doesn't start counts as failed, but its programs are there.
    const after = missing(name);
    if (after.length > 0)
      step(`driver ${name}: ${absent(after)}: ${output.trim().split('\n').slice(-3).join('\n')}`);
  }
}

async function hasEngine() {
  if (!findOnPath('docker')) return false;
  const { status } = await run('docker', ['version'], { timeoutMs: 10_000 });
  return status === 0;
}

function missing(name) {
  return needs[name].filter(([program]) => !findOnPath(program));
}

function absent(entries) {
  return `there is no ${entries.map(([program]) => program).join(', no ')}`;
}
