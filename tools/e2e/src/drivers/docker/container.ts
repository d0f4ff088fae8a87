import { spawn } from 'node:child_process';
import type { Host, ManagedProcessOptions, Program } from '../../harness/index.js';
import type { Engine } from './engine.js';
import { mounts } from './images.js';

/** How {@link Container.start} starts one. */
export interface ContainerOptions {
  readonly engine: Engine;
  readonly image: string;
  readonly name: string;
  readonly network: string;
  /** Its DNS name on that network. */
  readonly alias?: string;
  /** It is there at the same path. */
  readonly directory: string;
}

/** A container that stands for a machine: its first process only waits, programs are started beside it. */
export class Container {
  readonly name: string;
  readonly #engine: Engine;
  #programs = 0;

  private constructor(name: string, engine: Engine) {
    this.name = name;
    this.#engine = engine;
  }

  static async start({
    engine,
    image,
    name,
    network,
    alias,
    directory,
  }: ContainerOptions): Promise<Container> {
    await engine.run([
      // An init process takes in what outlives the program that has started it: an agent does that for a moment.
      ...['run', '--detach', '--init', '--name', name, '--label', engine.label, '--network', network],
      ...(alias === undefined ? [] : ['--network-alias', alias]),
      ...mounts(),
      ...['--mount', `type=bind,source=${directory},target=${directory}`, '--tmpfs', pidDirectory],
      // What is written to the scene's directory must be ours, to be removed.
      ...['--user', `${process.getuid!()}:${process.getgid!()}`],
      ...[image, 'sleep', 'infinity'],
    ]);
    return new Container(name, engine);
  }

  host(addresses: Pick<Host, 'listen' | 'address'>): Host {
    return { ...addresses, place: (program) => this.#place(program) };
  }

  #place({ label, command, args, env, cwd }: Program): ManagedProcessOptions {
    const [docker, ...first] = this.#engine.docker;
    const inside = { ...env };
    // The image has its own.
    delete inside.PATH;
    const pidFile = `${pidDirectory}/${++this.#programs}.pid`;
    // `docker exec` passes no signals on, so there has to be a process id to send them to.
    const start = ['sh', '-c', 'echo $$ >"$0" && exec "$@"', pidFile, command, ...args];
    return {
      label,
      command: docker,
      args: [
        ...[...first, 'exec', '--interactive', '--workdir', cwd],
        ...Object.entries(inside).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
        ...[this.name, ...start],
      ],
      env: ownEnvironment(),
      cwd,
      signal: (signal) => this.#signal(pidFile, signal),
    };
  }

  #signal(pidFile: string, signal: NodeJS.Signals): void {
    const [docker, ...first] = this.#engine.docker;
    const kill = ['sh', '-c', 'kill -s "$1" "$(cat "$0")"', pidFile, signal.replace(/^SIG/, '')];
    const child = spawn(docker, [...first, 'exec', this.name, ...kill], { stdio: 'ignore' });
    child.once('error', () => {});
    child.unref();
  }
}

/** Of the docker client. */
function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

const pidDirectory = '/run';
