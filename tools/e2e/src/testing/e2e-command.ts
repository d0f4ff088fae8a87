import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessEnd, root } from '../harness/index.js';
import { heirsOf } from './traces.js';

const built = join(root, 'tools', 'e2e', 'dist');

/** `npm run e2e` as a process group of its own, as a terminal starts it, with the scenarios of this directory. */
export class E2eCommand {
  /** Its TMPDIR, for it alone. */
  readonly directory: string = mkdtempSync(join(tmpdir(), 'e2e-'));
  readonly ended: Promise<ProcessEnd>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(built, 'main.js'), ...args], {
      env: {
        ...process.env,
        TMPDIR: this.directory,
        MACULA_E2E_SCENARIOS: join(built, 'testing', 'scenarios'),
      },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    // `close`, so that all output has come; what it left behind may keep its pipes open, which is then the failure.
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve({ code, signal })),
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What is left of it: files in its TMPDIR, processes that it or its children started. */
  get remains(): string[] {
    return [...readdirSync(this.directory), ...heirsOf(this.directory)];
  }

  /** Resolves when standard error says this. @throws Error when it ends before. */
  async says(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.stderr.includes(text)) resolve();
      };
      this.#child.stderr!.on('data', look);
      void this.ended.then(({ code }) =>
        reject(new Error(`ended with ${code} before it said "${text}":\n${this.stdout}\n${this.stderr}`)),
      );
      look();
    });
  }

  /** Ctrl-C: the signal reaches the whole group. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** After a test, whatever became of it. */
  async remove(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await this.ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
