// Where the OTP application is, and compiling it when need be. Beam files of OTP 25 serve 25, 27 and 29 (tested): the #hs_data{}
// record of kernel's dist_util.hrl is the same in all, and the sources avoid what 29 refuses to load from an old compiler.
// OTP itself promises two releases, so with a compiler at hand nothing older is used.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const stampName = '.macula-build.json';

/** The folder for `erl -pa`, whether it is built yet or not. */
export function ebinPath() {
  return path.join(root, 'ebin');
}

/** The folder with the Erlang sources. */
export function sourcePath() {
  return path.join(root, 'src');
}

/** An error of {@link ensureBuilt}. `code`: `no_erlc` (no Erlang compiler found) or `compile_failed`. */
export class BuildError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'BuildError';
    this.code = code;
  }
}

/**
 * Compiles the application unless it is up to date: same sources, compiled by the OTP in use or one of the four before it:
 * what 25 compiled serves 29 too, and must not be replaced by what 25 can't load, under the nodes that run.
 * Without an Erlang compiler beam files that match the sources are good enough, otherwise it throws `no_erlc`.
 */
export function ensureBuilt({ erlc, out } = {}) {
  const ebin = out === undefined ? ebinPath() : path.resolve(out);
  const hash = sourceHash();
  const stamp = readStamp(ebin);
  const compiler = erlc ?? findOnPath('erlc');
  const otp = compiler === undefined ? undefined : otpRelease(compiler);
  if (stamp?.hash === hash && isUsable(stamp.otp, otp)) return { ebin, built: false, otp: stamp.otp };
  if (otp === undefined)
    throw new BuildError(
      'no_erlc',
      'there is no working Erlang compiler (erlc) in PATH, so the OTP application was not compiled. ' +
        'Install Erlang/OTP 25 or newer (Debian: apt install erlang), then run the build again.',
    );
  compile({ compiler, ebin });
  writeFileSync(path.join(ebin, stampName), `${JSON.stringify({ hash, otp })}\n`);
  return { ebin, built: true, otp };
}

/** Beam files of OTP 25 were tested with 29. */
const releasesServedMax = 4;

function isUsable(builtWith, otp) {
  const age = Number(otp ?? builtWith) - Number(builtWith);
  return age >= 0 && age <= releasesServedMax;
}

/** Beside the folder, then file by file into it: nodes that start meanwhile find the old ones or the new ones. */
function compile({ compiler, ebin }) {
  mkdirSync(ebin, { recursive: true });
  const making = mkdtempSync(`${ebin}-`);
  const files = sources().filter((file) => file.endsWith('.erl'));
  try {
    execFileSync(compiler, ['+debug_info', '+deterministic', '+warn_missing_spec', '-o', making, ...files], {
      cwd: sourcePath(),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const modules = files.map((file) => path.basename(file, '.erl')).sort();
    const app = readFileSync(path.join(sourcePath(), 'macula.app.src'), 'utf8');
    writeFileSync(
      path.join(making, 'macula.app'),
      app.replace('{registered,', `{modules, [${modules.join(', ')}]},\n  {registered,`),
    );
    const made = readdirSync(making);
    // From here on the folder is of neither until the new stamp is written.
    rmSync(path.join(ebin, stampName), { force: true });
    for (const name of made) renameSync(path.join(making, name), path.join(ebin, name));
    for (const name of readdirSync(ebin))
      if (!made.includes(name) && /^macula.*\.(beam|app)$/.test(name)) rmSync(path.join(ebin, name));
  } catch (cause) {
    throw new BuildError('compile_failed', `erlc failed on the sources in ${sourcePath()}`, { cause });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function sources() {
  return readdirSync(sourcePath())
    .filter((name) => /\.(erl|hrl|app\.src)$/.test(name))
    .sort()
    .map((name) => path.join(sourcePath(), name));
}

function sourceHash() {
  const hash = createHash('sha256');
  for (const file of sources())
    hash
      .update(`${path.basename(file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function readStamp(ebin) {
  try {
    return JSON.parse(readFileSync(path.join(ebin, stampName), 'utf8'));
  } catch {
    return undefined;
  }
}

function otpRelease(compiler) {
  const sibling = compiler.includes(path.sep) ? path.join(path.dirname(compiler), 'erl') : 'erl';
  const script = 'io:put_chars(erlang:system_info(otp_release)), halt().';
  try {
    // A distribution flag of the caller must not start a node here.
    const { ERL_FLAGS, ERL_AFLAGS, ERL_ZFLAGS, ...env } = process.env;
    return execFileSync(sibling, ['-noinput', '-boot', 'start_clean', '-eval', script], {
      encoding: 'utf8',
      env,
    }).trim();
  } catch {
    return undefined;
  }
}

function findOnPath(program) {
  for (const directory of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(directory, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}
