import type { Pid } from '../etf/identifiers.js';
import type { Term } from '../etf/term.js';
import { termKey } from '../etf/term-key.js';

/** A group with its members, each as often as it is in. */
export interface GroupMembers {
  /** What the group is called. */
  readonly group: Term;
  /** Its members, in no particular order. */
  readonly pids: readonly Pid[];
}

/** The members of one node, by group. What is asked and changed costs time in proportion to what is given and returned. */
export class Membership {
  readonly #groups = new Map<string, Group>();

  /** Puts processes in, one more time each. */
  add(group: Term, pids: readonly Pid[]): void {
    if (pids.length === 0) return;
    const key = termKey(group);
    const members = this.#groups.get(key)?.members ?? new Map<string, Member>();
    this.#groups.set(key, { group, members });
    for (const pid of pids) {
      const pidKey = termKey(pid);
      const member = members.get(pidKey);
      if (member === undefined) members.set(pidKey, { pid, times: 1 });
      else member.times += 1;
    }
  }

  /** Takes each process out once, as often as it is given, and returns those that were in. */
  take(group: Term, pids: readonly Pid[]): Pid[] {
    const key = termKey(group);
    const members = this.#groups.get(key)?.members;
    if (members === undefined) return [];
    const taken = pids.filter((pid) => {
      const pidKey = termKey(pid);
      const member = members.get(pidKey);
      if (member === undefined) return false;
      member.times -= 1;
      if (member.times === 0) members.delete(pidKey);
      return true;
    });
    if (members.size === 0) this.#groups.delete(key);
    return taken;
  }

  /** Takes a process out altogether, and returns it as often as it was in. */
  takeAll(group: Term, pid: Pid): Pid[] {
    const times = this.#groups.get(termKey(group))?.members.get(termKey(pid))?.times ?? 0;
    return this.take(group, new Array<Pid>(times).fill(pid));
  }

  /** Whether a process is in. */
  has(group: Term, pid: Pid): boolean {
    return this.#groups.get(termKey(group))?.members.has(termKey(pid)) ?? false;
  }

  /** Members of a group. */
  of(group: Term): Pid[] {
    return pidsIn(this.#groups.get(termKey(group)));
  }

  /** All groups that have members. */
  all(): GroupMembers[] {
    return Array.from(this.#groups.values(), (group) => ({ group: group.group, pids: pidsIn(group) }));
  }

  /** The names of the groups that have members, by a key that equal names share. */
  *names(): Iterable<readonly [key: string, group: Term]> {
    for (const [key, { group }] of this.#groups) yield [key, group];
  }

  /** Who is in here and not, or less often, in `other`. */
  without(other: Membership): GroupMembers[] {
    const found: GroupMembers[] = [];
    for (const [key, { group, members }] of this.#groups) {
      const others = other.#groups.get(key)?.members;
      const pids: Pid[] = [];
      for (const [pidKey, { pid, times }] of members)
        for (let more = times - (others?.get(pidKey)?.times ?? 0); more > 0; more--) pids.push(pid);
      if (pids.length > 0) found.push({ group, pids });
    }
    return found;
  }
}

interface Group {
  readonly group: Term;
  /** By {@link termKey}; none is in zero times. */
  readonly members: Map<string, Member>;
}

interface Member {
  readonly pid: Pid;
  times: number;
}

function pidsIn(group: Group | undefined): Pid[] {
  const pids: Pid[] = [];
  for (const { pid, times } of group?.members.values() ?? [])
    for (let more = times; more > 0; more--) pids.push(pid);
  return pids;
}
