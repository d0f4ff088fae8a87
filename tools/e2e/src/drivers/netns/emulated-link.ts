import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectionConditions, Link, LinkConditions } from '../../harness/index.js';
import { root } from '../../harness/index.js';
import { runProgram } from '../run-program.js';
import type { Namespace } from './namespace.js';

/** One end of a link: the device that is made there. */
export interface LinkEnd {
  readonly namespace: Namespace;
  readonly device: string;
}

/** A link through `native/link-emulator.c`; `inner` is the end whose packets go `up`. */
export class EmulatedLink implements Link {
  readonly #process: ChildProcess;
  #answers: ((line: string) => void)[] = [];
  #changing: Promise<void> = Promise.resolve();

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async create(
    inner: LinkEnd,
    outer: LinkEnd,
    conditions: LinkConditions,
    seed: number,
  ): Promise<EmulatedLink> {
    const program = await compiled();
    const args = [inner, outer].flatMap(({ namespace, device }) => [namespace.path, device]);
    const child = spawn(program, [...args, String(seed)], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => {});
    const link = new EmulatedLink(child);
    let buffered = '';
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const up = link.#answer();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      buffered += text;
      const lines = buffered.split('\n');
      buffered = lines.pop()!;
      for (const line of lines) link.#answers.shift()?.(line);
    });
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('close', () => reject(new Error(`the link emulator ended: ${errors.trim()}`)));
    });
    ended.catch(() => {});
    await Promise.race([up, ended]);
    link.#changing = Promise.resolve();
    await Promise.race([link.set(conditions), ended]);
    return link;
  }

  set({ up, down, ...both }: LinkConditions): Promise<void> {
    const change = async (): Promise<void> => {
      for (const [direction, own] of [
        ['up', up],
        ['down', down],
      ] as const) {
        const answer = this.#answer();
        this.#process.stdin!.write(`${direction} ${words({ ...both, ...own })}\n`);
        const line = await answer;
        if (line !== 'ok') throw new Error(`the link emulator answered ${line}`);
      }
    };
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => {});
    return changed;
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  #answer(): Promise<string> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }
}

function words(conditions: DirectionConditions): string {
  const values = {
    delay: conditions.delayMs,
    jitter: conditions.jitterMs,
    loss: conditions.lossPercent,
    reorder: conditions.reorderPercent,
    duplicate: conditions.duplicatePercent,
    rate: conditions.rateMbit,
    queue: conditions.queueBytes,
    dark: conditions.isDark ? 1 : 0,
  };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

const source = join(root, 'tools', 'e2e', 'native', 'link-emulator.c');

let compiling: Promise<string> | undefined;

/** The program, compiled once per version of its source; several links of one run may ask at once. */
function compiled(): Promise<string> {
  compiling ??= compile();
  return compiling;
}

async function compile(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const directory = join(root, 'node_modules', '.cache', 'macula');
  const program = join(directory, `link-emulator-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  const making = `${program}.${process.pid}`;
  await runProgram('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', making, source]);
  renameSync(making, program);
  return program;
}
