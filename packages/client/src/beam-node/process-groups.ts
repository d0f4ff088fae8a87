import {
  atom,
  type PgOutput,
  PgScope,
  type Pid,
  type Reference,
  type Term,
  termEquals,
} from '@macula/dist-protocol';
import { pidKey } from './addresses.js';
import { BeamError } from './beam-error.js';
import { BeamProcess } from './beam-process.js';
import { EventFeed } from './event-feed.js';
import type { Patience } from './patience.js';

/** Processes that have joined or left a group, here or elsewhere. */
export interface GroupChange {
  readonly change: 'join' | 'leave';
  readonly group: Term;
  readonly pids: readonly Pid[];
}

/**
 * A scope of OTP's `pg`: groups of processes at all nodes of the scope, `pg:get_members` of the others among them. Made by
 * `BeamNode.pg`. It lives as long as its node.
 */
export class ProcessGroups {
  readonly #process: BeamProcess;
  readonly #scope: PgScope;
  readonly #monitors = new Map<string, Reference>();
  readonly #changes = new EventFeed<GroupChange>();
  readonly #asking: NodeJS.Timeout;

  /** @param spawn makes the scope's process */
  constructor(name: string, spawn: (onMessage: (message: Term) => void) => BeamProcess) {
    this.#process = spawn((message) => {
      this.#scope.handleMessage(message);
      this.#drain();
    });
    this.#scope = new PgScope(atom(name), this.#process.pid);
    this.#asking = setInterval(() => {
      this.#scope.askAgain();
      this.#drain();
    }, askAgainMs).unref();
  }

  /** For the node: another one is connected. */
  handleNodeUp(node: string): void {
    this.#scope.handleNodeUp(atom(node));
    this.#drain();
  }

  /** For the node: one is connected no longer. */
  handleNodeDown(node: string): void {
    this.#scope.handleNodeDown(atom(node));
  }

  /**
   * Makes processes of this node members; one that joins twice is in twice. It leaves when it ends.
   *
   * @throws {EtfError} `invalid_term`; @throws {BeamError} `bad_option` for a process of another node, which OTP refuses as well
   */
  join(group: Term, ...processes: readonly (BeamProcess | Pid)[]): void {
    const pids = processes.map(pidOf);
    for (const { node } of pids)
      if (node !== this.#process.pid.node)
        throw new BeamError('bad_option', `a process of ${node.name} joins at its own node`);
    this.#scope.join(group, pids);
    this.#drain();
  }

  /** Takes processes out; false when none was in. */
  leave(group: Term, ...processes: readonly (BeamProcess | Pid)[]): boolean {
    const hasLeft = this.#scope.leave(group, processes.map(pidOf));
    this.#drain();
    return hasLeft;
  }

  /** Members at all nodes of the scope that are connected. */
  members(group: Term): Pid[] {
    return this.#scope.members(group);
  }

  /** Members at this node. */
  localMembers(group: Term): Pid[] {
    return this.#scope.localMembers(group);
  }

  /** Groups that have members. */
  groups(): Term[] {
    return this.#scope.groups();
  }

  /** What changes from now on, in one group or all. @throws {BeamError} `aborted` */
  changes({
    group,
    signal,
  }: Pick<Patience, 'signal'> & { readonly group?: Term } = {}): AsyncGenerator<GroupChange> {
    return this.#changes.read(signal, (change) => group === undefined || termEquals(change.group, group));
  }

  /** For the node: it is closed. */
  end(): void {
    clearInterval(this.#asking);
    this.#changes.end();
  }

  #drain(): void {
    if (!this.#process.isAlive) return;
    for (let output = this.#scope.pollOutput(); output !== undefined; output = this.#scope.pollOutput())
      this.#handleOutput(output);
  }

  #handleOutput(output: PgOutput): void {
    switch (output.kind) {
      case 'send':
        this.#process.send(output.to, output.message);
        return;
      case 'monitor': {
        const { pid } = output;
        const onDown = () => {
          this.#monitors.delete(pidKey(pid));
          this.#scope.handleDown(pid);
          this.#drain();
        };
        this.#monitors.set(pidKey(pid), this.#process.monitor(pid, onDown));
        return;
      }
      case 'demonitor': {
        const reference = this.#monitors.get(pidKey(output.pid));
        this.#monitors.delete(pidKey(output.pid));
        if (reference !== undefined) this.#process.demonitor(reference);
        return;
      }
      case 'changed':
        this.#changes.push({ change: output.change, group: output.group, pids: output.pids });
        return;
    }
  }
}

/** How long a scope that begins later, or again, may stay unknown. */
const askAgainMs = 2_000;

function pidOf(process: BeamProcess | Pid): Pid {
  return process instanceof BeamProcess ? process.pid : process;
}
