import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../harness/index.js';
import { DriverMissingError } from '../driver.js';
import { ProgramError, runProgram } from '../run-program.js';
import { Keeper } from './keeper.js';

/**
 * A Docker engine: the one that `docker` finds by itself, or else one that is started for this run, in namespaces of its own.
 * Whatever is made on it carries {@link label}, and is removed when this process ends, by whatever cause.
 */
export class Engine {
  /** Started for this run: it ends with it, and no route leads out of it. */
  readonly isOwn: boolean;
  /** `key=value`, for `--label`. */
  readonly label: string;
  /** Program and first arguments of every command to it. */
  readonly docker: readonly [string, ...string[]];
  readonly #keeper: Keeper;

  private constructor(
    isOwn: boolean,
    prefix: string,
    docker: readonly [string, ...string[]],
    keeper: Keeper,
  ) {
    this.isOwn = isOwn;
    this.label = labelOf(prefix);
    this.docker = docker;
    this.#keeper = keeper;
  }

  /** @throws DriverMissingError */
  static async find(prefix: string, log: (line: string) => void): Promise<Engine> {
    const why = await unavailable(['docker']);
    if (why === undefined) {
      const keeper = new Keeper(script('docker-sweep.sh'), [labelOf(prefix), 'docker']);
      return new Engine(false, prefix, ['docker'], keeper);
    }
    await checkStartable(why);
    log('no Docker engine runs here: starting one for this run');
    return Engine.#start(prefix);
  }

  static async #start(prefix: string): Promise<Engine> {
    // The name is short: a socket's path has at most 107 bytes.
    const directory = mkdtempSync(join(tmpdir(), `${prefix}-`));
    const keeper = new Keeper(script('docker-engine.sh'), [directory]);
    const engine = new Engine(true, prefix, ['docker', '--host', `unix://${directory}/sock`], keeper);
    const untilMs = performance.now() + startMsMax;
    for (;;) {
      const why = await unavailable(engine.docker);
      if (why === undefined) return engine;
      if (!keeper.isRunning || performance.now() > untilMs) {
        await keeper.stop();
        const said = keeper.said.split('\n').slice(-3).join(' ') || why;
        throw missing(`a Docker engine of our own doesn't start: ${said}`);
      }
      await sleep(50);
    }
  }

  /**
   * Runs a command to its end and returns its output.
   * @throws ProgramError
   */
  run(args: readonly string[], timeoutMs?: number): Promise<string> {
    const [command, ...first] = this.docker;
    return runProgram(command, [...first, ...args], timeoutMs === undefined ? {} : { timeoutMs });
  }

  /** Removes what is left, and ends it when it is our own. */
  async stop(): Promise<void> {
    await this.#keeper.stop();
  }

  /** The same as this process ends. */
  stopNow(): void {
    this.#keeper.stopNow();
  }
}

/** Why no engine answers, in one line. */
async function unavailable([command, ...first]: readonly string[]): Promise<string | undefined> {
  try {
    await runProgram(command!, [...first, 'version', '--format', '{{.Server.Version}}'], {
      timeoutMs: 10_000,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return error.message.split('\n')[0]!;
  }
}

/** @throws DriverMissingError when no engine can be started here */
async function checkStartable(why: string): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw missing(
      `no engine answers (${why}), and only root on Linux can have one started. Start Docker, or say in DOCKER_HOST where it is`,
    );
  for (const [program, option, package_] of programs) {
    try {
      await runProgram(program, [option]);
    } catch {
      throw missing(
        `no engine answers (${why}), and to start one there is no ${program}: install the package ${package_} (\`npm run setup -- --with docker\`)`,
      );
    }
  }
}

const programs = [
  ['docker', '--version', 'docker.io'],
  ['dockerd', '--version', 'docker.io'],
  ['iptables', '--version', 'iptables'],
  ['ip', '-V', 'iproute2'],
  ['unshare', '--version', 'util-linux'],
] as const;

const startMsMax = 30_000;

function labelOf(prefix: string): string {
  return `macula-e2e=${prefix}`;
}

function script(name: string): string {
  return join(root, 'tools', 'e2e', 'native', name);
}

/** That this machine can't run the driver, and why. */
export function missing(why: string): DriverMissingError {
  return new DriverMissingError(`the driver docker can't run here: ${why}`);
}
