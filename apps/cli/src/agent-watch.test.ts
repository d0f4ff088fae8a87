import { describe, expect, it } from 'vitest';
import { hasAgent, isDistributedBeam } from './agent-watch.js';
import { descendants, listProcesses, type ProcessInfo } from './processes.js';

const table: ProcessInfo[] = [
  {
    pid: 10,
    parentPid: 1,
    args: ['/usr/lib/erlang/erts-13/bin/beam.smp', '--', '-root', '/x', '-name', 'a@b'],
  },
  { pid: 11, parentPid: 10, args: ['erl_child_setup', '1024'] },
  { pid: 12, parentPid: 11, args: ['/usr/bin/node', '/app/priv/agent.mjs'] },
  { pid: 20, parentPid: 1, args: ['/usr/lib/erlang/erts-13/bin/beam.smp', '--', '-noshell'] },
  { pid: 30, parentPid: 1, args: ['/usr/lib/erlang/erts-13/bin/beam.smp', '--', '-sname', 'x'] },
];

describe('the agent watch', () => {
  it('knows a distributed BEAM and its agent', () => {
    expect(table.map(isDistributedBeam)).toEqual([true, false, false, false, true]);
    expect(hasAgent(table, table[0]!)).toBe(true);
    expect(hasAgent(table, table[4]!)).toBe(false);
    expect(descendants(table, 10).map((entry) => entry.pid)).toEqual([11, 12]);
  });

  it('sees this process in the real process table', async () => {
    const own = (await listProcesses()).find((entry) => entry.pid === process.pid);
    expect(own?.parentPid).toBe(process.ppid);
  });
});
