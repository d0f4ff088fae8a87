// Running programs for the set-up scripts. Plain JavaScript without dependencies: this runs before anything is installed.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the working tree. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** An error whose message is all the user needs to see. */
export class SetupError extends Error {}

/**
 * Runs a program to its end. Its output is kept, and shown when it fails or `show` is set; a program that takes long
 * gets a line every ten seconds.
 * @returns {Promise<{status: number, output: string}>} status 128 + n when a signal ended it, 124 after `timeoutMs`
 */
export function run(
  command,
  args,
  { label = command, show = false, env = {}, timeoutMs = 0, cwd = root } = {},
) {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: needsShell(command),
    });
    let output = '';
    let quietSinceMs = performance.now();
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        if (show) {
          quietSinceMs = performance.now();
          process.stdout.write(text);
        }
      });
    }
    const progress = setInterval(() => {
      if (performance.now() - quietSinceMs < 9500) return;
      step(`  still at it: ${label}, ${Math.round((performance.now() - startedMs) / 1000)} s`);
    }, 10_000);
    const deadline =
      timeoutMs > 0
        ? setTimeout(() => {
            timedOut = true;
            child.kill('SIGTERM');
            setTimeout(() => child.kill('SIGKILL'), 5000).unref();
          }, timeoutMs)
        : undefined;
    const forward = (signal) => {
      child.kill(signal);
      child.once('close', () => process.exit(143));
    };
    process.on('SIGTERM', forward);
    const done = () => {
      clearInterval(progress);
      clearTimeout(deadline);
      process.off('SIGTERM', forward);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code, signal) => {
      done();
      if (timedOut) output += `\n${label} took longer than ${timeoutMs / 1000} s and was stopped\n`;
      resolve({ status: timedOut ? 124 : (code ?? (signal ? 128 : 1)), output });
    });
  });
}

/** On Windows npm's commands are scripts, which only a shell runs. It would take apart the arguments of programs. */
function needsShell(command) {
  return process.platform === 'win32' && !['erl', process.execPath].includes(command);
}

/** Like {@link run}, but a status other than 0 shows the output and throws. */
export async function runOrFail(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.status === 0) return result.output;
  if (!options.show) process.stderr.write(result.output);
  throw new SetupError(
    `${options.label ?? command} failed with status ${result.status}. Its output is above.`,
  );
}

/** Whether a program is on the PATH, and where. */
export function findOnPath(name) {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const directory of (environment().PATH ?? '').split(delimiter))
    for (const candidate of names) {
      const path = join(directory || '.', candidate);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  return undefined;
}

/** Prints one line with the time since the start. */
export function step(text) {
  const seconds = (performance.now() / 1000).toFixed(1).padStart(6);
  process.stdout.write(`[${seconds} s] ${text}\n`);
}

let computed;

/** The environment of everything started here: no telemetry, no update notices, a home that exists. */
export function environment() {
  if (computed) return computed;
  computed = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  };
  if (process.platform !== 'win32' && !isWritable(process.env.HOME)) {
    computed.HOME = join(root, '.macula', 'home');
    mkdirSync(computed.HOME, { recursive: true });
  }
  return computed;
}

function isWritable(directory) {
  if (!directory) return false;
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
