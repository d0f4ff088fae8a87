import { type ChildProcess, spawn } from 'node:child_process';
import type { Host, ManagedProcessOptions, Program } from '../../harness/index.js';
import { onThisMachine } from '../../harness/index.js';
import { runProgram } from '../run-program.js';

/**
 * A network namespace. It is held by a process whose standard input is ours, so when this process ends, by whatever cause, the namespace
 * goes with the last process in it; there is never a name of it in the file system.
 */
export class Namespace {
  readonly label: string;
  readonly pid: number;
  readonly #holder: ChildProcess;

  private constructor(label: string, holder: ChildProcess) {
    this.label = label;
    this.#holder = holder;
    this.pid = holder.pid!;
  }

  /** Makes one in which only loopback is up. */
  static async create(label: string): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec cat >&2'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A terminal's Ctrl-C reaches the whole group; the processes inside must not lose their network while they stop.
      detached: true,
    });
    holder.unref();
    holder.stdin!.on('error', () => {});
    let errors = '';
    holder.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout!.once('data', () => resolve());
      holder.once('error', reject);
      holder.once('close', (code) =>
        reject(new Error(`no namespace for ${label}: unshare ended with ${code}: ${errors.trim()}`)),
      );
    });
    return new Namespace(label, holder);
  }

  /** For programs that take a path. */
  get path(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** How to run a program in it; the process id stays the started one's. */
  inside(command: string, args: readonly string[]): { command: string; args: string[] } {
    return { command: 'nsenter', args: [`--net=${this.path}`, '--', command, ...args] };
  }

  /** Runs a program in it to its end. */
  async run(command: string, args: readonly string[], input = ''): Promise<string> {
    const inside = this.inside(command, args);
    return runProgram(inside.command, inside.args, { input });
  }

  /** `ip` commands, one a line. */
  async ip(...lines: readonly string[]): Promise<void> {
    await this.run('ip', ['-batch', '-'], lines.map((line) => `${line}\n`).join(''));
  }

  /** It goes when the last process in it has ended, and its half of every link with it. */
  close(): void {
    this.#holder.kill('SIGKILL');
  }

  /** A host at one of its addresses. */
  host(address: string): Host {
    return {
      ...{ listen: address, address },
      place: (program: Program): ManagedProcessOptions => {
        const placed = onThisMachine(program);
        return { ...placed, ...this.inside(placed.command, placed.args) };
      },
    };
  }
}
