import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process of this machine, as far as it may be seen. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** The program and its arguments; empty for kernel threads. */
  readonly args: readonly string[];
}

/** Lists processes through /proc, or `ps` where there is none; what vanishes meanwhile is left out. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  if (process.platform === 'linux') return listThroughProc();
  if (process.platform === 'win32') return [];
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parentPid: Number(match[2]), args: match[3]!.split(' ') }] : [];
  });
}

/** The processes below one, at any depth, without itself. */
export function descendants(processes: readonly ProcessInfo[], rootPid: number): ProcessInfo[] {
  const children = groupByParent(processes);
  const found: ProcessInfo[] = [];
  const queue = [rootPid];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift())
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      queue.push(child.pid);
    }
  return found;
}

async function listThroughProc(): Promise<ProcessInfo[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(
    names.map(async (name) => {
      try {
        const [stat, commandLine] = await Promise.all([
          readFile(`/proc/${name}/stat`, 'utf8'),
          readFile(`/proc/${name}/cmdline`, 'utf8'),
        ]);
        // "pid (comm) state ppid …": comm may contain spaces and parentheses, so start after the last one.
        const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return { pid: Number(name), parentPid, args: commandLine.split('\0').slice(0, -1) };
      } catch {
        return undefined;
      }
    }),
  );
  return entries.filter((entry) => entry !== undefined);
}

function groupByParent(processes: readonly ProcessInfo[]): Map<number, ProcessInfo[]> {
  const groups = new Map<number, ProcessInfo[]>();
  for (const entry of processes) {
    const group = groups.get(entry.parentPid);
    if (group) group.push(entry);
    else groups.set(entry.parentPid, [entry]);
  }
  return groups;
}
