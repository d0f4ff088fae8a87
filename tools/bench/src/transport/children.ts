import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import type { CallName, Calls, ReplyMessage } from './calls.js';

/** Milliseconds a call may take; each takes a few seconds, some on a slow machine half a minute. */
const callMsMax = 120_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A process of the bench that answers {@link Calls}. */
export class Child {
  readonly #process: ChildProcess;
  readonly #label: string;
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #exited: Promise<void>;
  #nextId = 0;
  #end: string | undefined;

  constructor(label: string) {
    this.#label = label;
    // NODE_OPTIONS stay in force, so that a profile can be taken of the processes measured.
    this.#process = fork(new URL('./child.js', import.meta.url), [label], { execArgv: ['--expose-gc'] });
    this.#process.on('message', (reply: ReplyMessage) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiting?.resolve(reply.result);
      else waiting?.reject(new Error(`${label}: ${reply.error}`));
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#fail(`ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
      this.#process.once('error', (error) => {
        this.#fail(error.message);
        resolve();
      });
    });
  }

  /** @throws Error when the child can't do it, has ended, or takes more than two minutes */
  async call<Name extends CallName>(name: Name, args: Calls[Name]['args']): Promise<Calls[Name]['result']> {
    if (this.#end !== undefined) throw new Error(this.#end);
    const id = this.#nextId++;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Calls[Name]['result']>((resolve, reject) => {
        this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
        timer = setTimeout(
          () => reject(new Error(`${this.#label}: no answer to ${name} in ${callMsMax} ms`)),
          callMsMax,
        );
        this.#process.send({ id, name, args }, (error) => error && reject(error));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Lets the process run only when nothing else wants the core, where the system can (Linux with chrt); whether it does. */
  makeIdle(): boolean {
    const args = ['--idle', '--all-tasks', '--pid', '0', String(this.#process.pid)];
    return spawnSync('chrt', args, { stdio: 'ignore' }).status === 0;
  }

  /** Ends the process; resolves when it is gone. */
  async stop(): Promise<void> {
    // Without its parent it exits by itself, which writes a profile if one is taken.
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.kill(), 2000);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #fail(why: string): void {
    this.#end = `${this.#label}: ${why}`;
    for (const { reject } of this.#waiting.values()) reject(new Error(this.#end));
    this.#waiting.clear();
  }
}

/**
 * All processes of a run. They are ended by {@link stop}, by Ctrl-C and by SIGTERM; if this process is killed, they end by
 * themselves.
 */
export class Children {
  readonly #all: Set<Child> = new Set();

  constructor() {
    process.on('SIGINT', this.#handleSignal);
    process.on('SIGTERM', this.#handleSignal);
  }

  /** Starts one. */
  start(label: string): Child {
    const child = new Child(label);
    this.#all.add(child);
    return child;
  }

  /** Ends all; resolves when they are gone. */
  async stop(): Promise<void> {
    const all = [...this.#all];
    this.#all.clear();
    await Promise.all(all.map((child) => child.stop()));
  }

  /** Ends all, and leaves the signals to others again. */
  async close(): Promise<void> {
    await this.stop();
    process.off('SIGINT', this.#handleSignal);
    process.off('SIGTERM', this.#handleSignal);
  }

  readonly #handleSignal = (signal: NodeJS.Signals): void => {
    for (const child of this.#all) child.kill();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
}
