// OTP releases for tests. A fetched one is a folder with Debian's packages unpacked, entered by a mount namespace.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Debian's suite with each release. */
const suites = { 25: 'bookworm', 27: 'trixie', 29: 'sid' };
export const fetchable = Object.keys(suites);

export class Otp {
  #enter;
  #bin;

  constructor({ release, source, enter, bin }) {
    this.release = release;
    this.source = source;
    this.#enter = enter;
    this.#bin = bin;
  }

  command(program, args) {
    if (this.#enter !== undefined) return { command: this.#enter, args: [program, ...args] };
    const own = this.#bin === undefined ? program : join(this.#bin, program);
    return { command: isExecutable(own) ? own : program, args: [...args] };
  }

  environment(base) {
    const set = Object.entries(base).filter(([, value]) => value !== undefined);
    const environment = Object.fromEntries(set);
    if (this.#bin !== undefined) environment.PATH = `${this.#bin}${delimiter}${environment.PATH ?? ''}`;
    return environment;
  }

  has(program) {
    if (this.#enter !== undefined) {
      const usr = join(dirname(this.#enter), 'root', 'usr');
      return existsSync(join(usr, 'bin', program));
    }
    const directories = [this.#bin, ...(process.env.PATH ?? '').split(delimiter)];
    return directories.some((directory) => directory && isExecutable(join(directory, program)));
  }
}

export class OtpMissingError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'OtpMissingError';
  }
}

export function systemOtp() {
  const release = releaseOf(new Otp({ release: '', source: '' }));
  return release === undefined ? undefined : new Otp({ release, source: 'PATH' });
}

export function findOtp(release) {
  checkRelease(release);
  const variable = `MACULA_OTP_${release}`;
  const named = process.env[variable];
  if (named) return checked(release, fromPath(release, named, variable), variable);
  const enter = join(directoryOf(release), 'enter');
  if (existsSync(enter)) return new Otp({ release, source: dirname(enter), enter });
  const system = systemOtp();
  if (system?.release === release) return system;
  const fetch = fetchable.includes(release) ? `run \`npm run otp -- ${release}\` as root on Debian, or ` : '';
  throw new OtpMissingError(
    `OTP ${release} is not on this machine (${system ? `PATH has ${system.release}` : 'no erl in PATH'}): ${fetch}set ${variable} to the directory of an installation (the one with bin/erl).`,
  );
}

export function makeOtp(release, options = {}) {
  try {
    return findOtp(release);
  } catch (error) {
    if (!canFetch(release)) throw error;
  }
  fetchRoot(release, options);
  return findOtp(release);
}

export function fetchedRoot(release) {
  const root = join(directoryOf(release), 'root');
  return existsSync(root) ? root : undefined;
}

export function otpRoot(release, options = {}) {
  checkRelease(release);
  if (fetchedRoot(release) === undefined) {
    if (!canFetch(release))
      throw new OtpMissingError(
        `Packages of OTP ${release} can't be fetched: root on Debian can, and only ${fetchable.join(', ')}.`,
      );
    fetchRoot(release, options);
  }
  return fetchedRoot(release);
}

function canFetch(release) {
  return fetchable.includes(release) && process.platform === 'linux' && process.getuid?.() === 0;
}

function fetchRoot(release, { log = () => {} }) {
  const directory = directoryOf(release);
  sweep(directory);
  // Made aside, so that one that was interrupted is never taken for complete.
  const making = `${directory}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    log(`OTP ${release}: fetching Debian's packages of ${suites[release]}`);
    const script = join(here, 'make-root.sh');
    const { status, error, stderr } = spawnSync(script, [suites[release], join(making, 'root')], {
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (status !== 0) throw missing(release, error?.message ?? stderr.trim().split('\n').at(-1));
    copyFileSync(join(here, 'enter.sh'), join(making, 'enter'));
    const enter = join(making, 'enter');
    const got = releaseOf(new Otp({ release, source: making, enter }));
    if (got !== release)
      throw missing(release, `what was fetched ${got ? `is OTP ${got}` : "doesn't start"}`);
    place(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Removes what makings left that were killed. */
function sweep(directory) {
  const parent = dirname(directory);
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const [, pid] = /^\d+-\w+\.(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function place(making, directory) {
  try {
    renameSync(making, directory);
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

function missing(release, why) {
  return new OtpMissingError(`OTP ${release} could not be fetched: ${why}`);
}

function fromPath(release, path, variable) {
  if (!existsSync(path)) throw new OtpMissingError(`${variable} is ${path}, which does not exist.`);
  if (statSync(path).isFile()) return new Otp({ release, source: path, enter: path });
  return new Otp({ release, source: path, bin: join(path, 'bin') });
}

function checked(release, otp, variable) {
  const got = releaseOf(otp);
  if (got === release) return otp;
  const what = got === undefined ? 'there is no erl that starts' : `that is OTP ${got}`;
  throw new OtpMissingError(`${variable} is ${otp.source}, but ${what}.`);
}

function checkRelease(release) {
  if (!/^\d{2}$/.test(release)) throw new OtpMissingError(`"${release}" is not an OTP release such as 27.`);
}

/** A root that an older or newer recipe made is another one: what it lacks would fail a test in a way nobody understands. */
function directoryOf(release) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'macula', 'otp', `${release}-${recipe()}`);
}

function recipe() {
  const hash = createHash('sha256');
  for (const script of ['make-root.sh', 'enter.sh']) hash.update(readFileSync(join(here, script)));
  return hash.digest('hex').slice(0, 8);
}

function releaseOf(otp) {
  const script = 'io:put_chars(erlang:system_info(otp_release)), halt().';
  const { command, args } = otp.command('erl', ['-noinput', '-boot', 'start_clean', '-eval', script]);
  const { ERL_FLAGS, ERL_AFLAGS, ERL_ZFLAGS, ...env } = process.env;
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 30_000 });
  return status === 0 && /^\d+$/.test(stdout) ? stdout : undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
