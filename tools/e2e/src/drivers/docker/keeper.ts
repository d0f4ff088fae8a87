import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { isAlive } from '../../harness/index.js';

/**
 * A script that cleans up when its standard input ends: by `stop`, and when this process is gone by whatever cause.
 */
export class Keeper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #said = '';
  readonly #atExit = (): void => this.stopNow();

  constructor(script: string, args: readonly string[]) {
    // Detached: a terminal's Ctrl-C reaches the whole group, and this one has to do its work then.
    this.#process = spawn(script, [...args], { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
    this.#process.unref();
    this.#process.stdin!.on('error', () => {});
    const errors = this.#process.stderr! as Socket;
    errors.unref();
    errors.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-saidLengthMax);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', () => resolve());
      this.#process.once('close', () => resolve());
    });
    process.on('exit', this.#atExit);
  }

  get isRunning(): boolean {
    return this.#process.pid !== undefined && isAlive(this.#process.pid);
  }

  /** The end of what it wrote to its standard error. */
  get said(): string {
    return this.#said.trim();
  }

  /** Lets it clean up, and waits until it has. */
  async stop(): Promise<void> {
    this.#process.ref();
    this.#process.stdin!.end();
    await this.#ended;
    process.off('exit', this.#atExit);
  }

  /** The same as this process ends: nothing else happens meanwhile. */
  stopNow(): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    const untilMs = performance.now() + stopMsMax;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      return;
    }
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    while (isAlive(pid) && performance.now() < untilMs) Atomics.wait(sleeping, 0, 0, 20);
  }
}

const stopMsMax = 15_000;
const saidLengthMax = 2000;
