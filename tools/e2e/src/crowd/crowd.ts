import { fileURLToPath } from 'node:url';
import type { ManagedProcess } from '../harness/managed-process.js';
import type { Scene } from '../harness/scene.js';
import type { AgentStatus, CrowdAnswer, CrowdCommand, PingResult, ReachResult } from './commands.js';

/** Many agents without nodes in one process, which ends with its scene. */
export class Crowd {
  readonly process: ManagedProcess;
  readonly #waiting = new Map<number, (answer: CrowdAnswer) => void>();
  #nextId = 1;
  #read = 0;

  constructor(scene: Scene, label: string) {
    const env = scene.environment();
    this.process = scene.process({
      ...{ label, command: process.execPath, env },
      args: [fileURLToPath(new URL('./crowd-main.js', import.meta.url)), env.TMPDIR!],
    });
    this.process.onChange(() => this.#readOn());
  }

  /** An agent joins; resolves when it has a relay, or has left before. */
  async join(name: string, relays: readonly string[], standbySessions = 1): Promise<void> {
    await this.#ask({ do: 'join', name, relays, standbySessions });
  }

  /** Resolves when its sessions are over. */
  async leave(name: string): Promise<void> {
    await this.#ask({ do: 'leave', name });
  }

  async status(): Promise<readonly AgentStatus[]> {
    return (await this.#ask({ do: 'status' })) as readonly AgentStatus[];
  }

  async reach(from: string, to: string, bytes = 1000): Promise<ReachResult> {
    return (await this.#ask({ do: 'reach', from, to, bytes })) as ReachResult;
  }

  async startPings(relay: string): Promise<void> {
    await this.#ask({ do: 'start-pings', relay });
  }

  async stopPings(): Promise<PingResult> {
    return (await this.#ask({ do: 'stop-pings' })) as PingResult;
  }

  #ask(command: CrowdCommand): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (!this.process.isRunning) return reject(new Error(`${this.process.label} has ended`));
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        if ('error' in answer) reject(new Error(`${this.process.label}, ${command.do}: ${answer.error}`));
        else resolve(answer.value);
      });
      this.process.child.stdin!.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  #readOn(): void {
    const { output, isRunning, label } = this.process;
    for (let end = output.indexOf('\n', this.#read); end >= 0; end = output.indexOf('\n', this.#read)) {
      const line = output.slice(this.#read, end);
      this.#read = end + 1;
      // Whatever else it writes is for the report of a failure.
      if (!line.startsWith('{"id":')) continue;
      const answer = JSON.parse(line) as CrowdAnswer;
      this.#waiting.get(answer.id)?.(answer);
    }
    if (isRunning) return;
    for (const [id, settle] of [...this.#waiting]) settle({ id, error: `${label} has ended` });
  }
}

/** Does something for each, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const place = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: atOnce }, place));
}
