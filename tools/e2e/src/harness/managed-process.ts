import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** How to start a {@link ManagedProcess}. */
export interface ManagedProcessOptions {
  /** Name for messages. */
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where a signal to the started program wouldn't reach the real one: sends it there. */
  readonly signal?: (signal: NodeJS.Signals) => void;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real process of a test: its output is kept, and it is ended by its pid, together with what it started. */
export class ManagedProcess {
  readonly label: string;
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<ProcessEnd>;
  #output = '';
  #end: ProcessEnd | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #signal: ((signal: NodeJS.Signals) => void) | undefined;

  constructor(options: ManagedProcessOptions) {
    this.label = options.label;
    this.#signal = options.signal;
    this.child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    alive.add(this);
    this.child.stdin!.on('error', () => {});
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => this.#append(text));
    }
    this.ended = new Promise((resolve) => {
      const finish = (end: ProcessEnd): void => {
        this.#end ??= end;
        alive.delete(this);
        this.#notify();
        resolve(this.#end);
      };
      this.child.once('error', (error) => {
        this.#append(`${error.message}\n`);
        finish({ code: 127, signal: null });
      });
      // `exit` and not `close`: a grandchild may keep the pipes open.
      this.child.once('exit', (code, signal) => finish({ code, signal }));
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Everything it wrote so far, both streams. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#end === undefined;
  }

  /** Called whenever there is new output or it has ended; returns a function that stops that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits for a line in the output.
   * @throws Error with the output when the process ends or the time is over
   */
  waitFor(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const stop = this.onChange(() => look());
      const timer = setTimeout(() => fail(`nothing like ${pattern} within ${timeoutMs} ms`), timeoutMs);
      const finish = (): void => {
        stop();
        clearTimeout(timer);
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${this.label}: ${why}. Its output:\n${this.#output}`));
      };
      const look = (): void => {
        const match = pattern.exec(this.#output);
        if (match) {
          finish();
          resolve(match);
        } else if (this.#end) fail(`ended with ${this.#end.signal ?? `status ${this.#end.code}`}`);
      };
      look();
    });
  }

  /** SIGTERM, after `graceMs` SIGKILL for it and everything below it. */
  async stop(graceMs = 5_000): Promise<ProcessEnd> {
    if (this.isRunning) {
      this.signal('SIGTERM');
      const timer = setTimeout(() => this.killNow(), graceMs);
      await this.ended;
      clearTimeout(timer);
    }
    return this.ended;
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    if (this.#signal) this.#signal(signal);
    else this.child.kill(signal);
  }

  /** SIGKILL for it and everything below it, at once. */
  killNow(): void {
    this.#signal?.('SIGKILL');
    const pids = [...descendantPids(this.pid), this.pid];
    for (const pid of pids) killPid(pid, 'SIGKILL');
  }

  #append(text: string): void {
    this.#output += text;
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Sends a signal to one process by its id; one that is gone is no error. */
export function killPid(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Whether a process with this id exists (a zombie doesn't count). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Ids of the processes below one, deepest last; empty where there is no /proc. */
export function descendantPids(rootPid: number): number[] {
  if (process.platform !== 'linux') return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Gone meanwhile.
    }
  }
  const found = [rootPid];
  for (let index = 0; index < found.length; index++)
    for (const [pid, parent] of parents) if (parent === found[index]) found.push(pid);
  return found.slice(1);
}

const alive = new Set<ManagedProcess>();

function killEverything(): void {
  for (const entry of alive) entry.killNow();
}

process.on('exit', killEverything);
