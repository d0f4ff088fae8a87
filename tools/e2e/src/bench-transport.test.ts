import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { eventually, isAlive, ManagedProcess, root } from './harness/index.js';
import { processTree } from './harness/process-tree.js';

/** Just what is looked at of the report. */
interface Report {
  readonly throughput: readonly {
    readonly name: string;
    readonly medians: Readonly<Record<string, number>>;
  }[];
  readonly sessions: readonly { readonly host: string; readonly count: number; readonly open: number }[];
  readonly resets: { readonly streamsMax: number; readonly answeredAfter: number };
  readonly aims: readonly { readonly measured: number; readonly reached: boolean }[];
}

const main = join(root, 'tools/bench/dist/main.js');
let bench: ManagedProcess | undefined;

afterEach(() => bench?.killNow());

it('bench transport measures everything', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [main, 'transport', '--quick', '--json']);
  const report: Report = JSON.parse(stdout);
  expect(report.throughput.map(({ name }) => name).sort()).toEqual(
    ['quic', 'worker', 'quinn', 'public', 'pump', 'tls', 'node-tls', 'node-http2'].sort(),
  );
  for (const { medians } of report.throughput)
    for (const key of ['bulkMBps', 'echoP50Us', 'echoP99Us']) expect(medians[key]).toBeGreaterThan(0);
  expect(report.sessions.map(({ host }) => host)).toEqual(['listener', 'relay']);
  for (const { open, count } of report.sessions) expect(open).toBe(count);
  expect(report.resets.answeredAfter).toBe(report.resets.streamsMax);
  expect(report.aims).toHaveLength(17);
  for (const { measured } of report.aims) expect(measured).toBeTypeOf('number');
});

it('bench transport ends all its processes on Ctrl-C', async () => {
  bench = new ManagedProcess({
    label: 'bench',
    command: process.execPath,
    args: [main, 'transport', '--quick', '--only', 'worker'],
    env: process.env as Record<string, string>,
    cwd: root,
  });
  await bench.waitFor(/round 1 of 1: quic\n.*round 1 of 1: worker/s);
  const pids = processTree(bench.pid);
  expect(pids.length).toBeGreaterThan(4);
  bench.child.kill('SIGINT');
  expect(await bench.ended).toEqual({ code: 130, signal: null });
  await eventually(() => pids.every((pid) => !isAlive(pid)), { what: 'its processes to end' });
});
