import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { parseRelayUrl } from '@macula/transport';
import { watchAgents } from '../agent-watch.js';
import { builtErlangApp } from '../erlang-app.js';
import { CliError } from '../errors.js';
import { joinEnvironment } from '../join-environment.js';

/** Options of `macula run` as Commander gives them. */
export interface RunCommandOptions {
  readonly relay: readonly string[];
  readonly realm?: string;
  readonly identity?: string;
  readonly tlsVerify?: 'none' | 'verify_peer';
  readonly tokenFile?: string;
  readonly quic: boolean;
}

/**
 * `macula run`: runs a command in the environment that makes its Erlang nodes join, and ends as it ends (same exit
 * status, or the same signal).
 */
export async function runRunCommand(command: readonly string[], options: RunCommandOptions): Promise<void> {
  for (const url of options.relay) checkRelay(url);
  const ebin = builtErlangApp();
  const plan = joinEnvironment(
    {
      relays: options.relay,
      realm: options.realm,
      identity: options.identity,
      tlsVerify: options.tlsVerify,
      tokenFile: options.tokenFile === undefined ? undefined : resolve(options.tokenFile),
      quic: options.quic,
    },
    { command, environment: process.env, ebin, nodePath: process.execPath, readFile: readText },
  );
  for (const warning of plan.warnings) process.stderr.write(`macula: ${warning}\n`);
  // Before the command exists: it may be heard, and answered with a signal, before `spawn` has returned here.
  const stopForwarding = forwardSignals(() => child);
  const child = spawn(command[0]!, command.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ...plan.variables },
  });
  // A shared agent is nobody's child, so there is nothing to look for.
  const stopWatching = process.env.MACULA_AGENT_SOCKET
    ? () => {}
    : watchAgents({ rootPid: () => child.pid, warn: (text) => process.stderr.write(`macula: ${text}\n`) });
  try {
    const { code, signal } = await ended(child, command[0]!);
    stopForwarding();
    if (signal === null) process.exitCode = code ?? 1;
    else endBy(signal);
  } finally {
    stopForwarding();
    stopWatching();
  }
}

function checkRelay(url: string): void {
  try {
    parseRelayUrl(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError('usage', why, 'Give --relay a URL such as https://relay.example.org:4433.', {
      cause: error,
    });
  }
}

function ended(
  child: ChildProcess,
  name: string,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(
        new CliError(
          'failed',
          missing ? `the command "${name}" was not found` : `"${name}" couldn't be started: ${error.message}`,
          missing ? 'Check its spelling and the PATH.' : 'Check that the file may be executed.',
          { cause: error },
        ),
      );
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/**
 * Passes signals on. What a terminal sends (Ctrl-C, Ctrl-\) reaches the command without our help, and passing it on
 * would deliver it twice, which `erl` takes for "abort".
 */
function forwardSignals(child: () => ChildProcess): () => void {
  const fromTerminal = process.stdin.isTTY ? ['SIGINT', 'SIGQUIT'] : [];
  const handlers = forwardedSignals.map((signal) => {
    const handler = fromTerminal.includes(signal) ? () => {} : () => void child().kill(signal);
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}

function endBy(signal: NodeJS.Signals): void {
  process.exitCode = 128 + (constants.signals[signal] ?? 0);
  process.kill(process.pid, signal);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const forwardedSignals: NodeJS.Signals[] =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGTERM']
    : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'];
