import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type BuiltEntry, buildEntry } from '../compliance/build-worker-entry.js';
import { ask } from '../compliance/echo.js';
import { dialOptions, Inbox } from '../compliance/tools.js';
import { createQuicTransport } from './quic-transport.js';

/** A process that runs a built module, and the lines it prints. */
interface Talker {
  readonly child: ChildProcess;
  readonly lines: Inbox<string>;
  readonly exited: Promise<unknown>;
}

function run({ entry }: BuiltEntry, ...args: readonly (string | number)[]): Talker {
  const child = spawn(process.execPath, [entry, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = new Inbox<string>();
  createInterface(child.stdout as Readable).on('line', (line) => lines.push(line));
  return { child, lines, exited: once(child, 'exit') };
}

test('100,000 forged Initials in 5 s take little memory, and dialers get in meanwhile', async () => {
  const entries = await Promise.all([
    buildEntry('src/compliance/measured-listener.ts'),
    buildEntry('src/compliance/initial-flood.ts'),
  ]);
  const transport = createQuicTransport();
  const listener = run(entries[0]);
  let flood: Talker | undefined;
  try {
    const port = Number(await listener.lines.next());
    const address = { host: '127.0.0.1', port };
    /** An echo over a new connection. */
    const connect = async (): Promise<void> => {
      const connection = await transport.dial(dialOptions(address));
      expect(await ask(connection, 'anybody there?')).toBe('anybody there?');
      connection.close(0, '');
    };
    for (let round = 0; round < 20; round++) await connect();
    let beforeMiB = Number(await listener.lines.next());
    let mostMiB = 0;
    void (async () => {
      for (;;) {
        const now = Number(await listener.lines.next());
        if (flood) mostMiB = Math.max(mostMiB, now);
        else beforeMiB = now;
      }
    })();

    flood = run(entries[1], port, 100_000, 20_000);
    expect(await flood.lines.next()).toBe('half');
    let connects = 0;
    let isOver = false;
    const over = flood.lines.next().then((line) => {
      isOver = true;
      return JSON.parse(line) as { sent: number; answered: number; seconds: number };
    });
    for (; !isOver; connects++) await connect();
    const { sent, answered, seconds } = await over;
    expect(sent).toBe(100_000);
    // So many in so short a time, also where the machine is busy.
    expect(seconds).toBeLessThan(10);
    // Not merely dropped by the system, but dealt with.
    expect(answered).toBeGreaterThan(50_000);
    await flood.exited;
    // How many, and how fast, depends on what else the machine does; that none of them failed is what counts.
    expect(connects).toBeGreaterThan(0);
    expect(mostMiB - beforeMiB).toBeLessThan(50);
  } finally {
    listener.child.kill('SIGKILL');
    flood?.child.kill('SIGKILL');
    await transport.close();
    for (const { remove } of entries) await remove();
  }
});
