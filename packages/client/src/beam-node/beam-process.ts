import {
  atom,
  checkTerm,
  isAtom,
  isKind,
  type Pid,
  type Reference,
  type Signal,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import {
  type Destination,
  type ProcessAddress,
  pidKey,
  referenceKey,
  resolveDestination,
} from './addresses.js';
import { BeamError } from './beam-error.js';
import { Mailbox } from './mailbox.js';
import type { Patience } from './patience.js';
import type { ProcessTable } from './process-table.js';

/** Takes a message of a process; the next one comes when it has returned, or its promise is settled. */
export type MessageHandler = (message: Term, process: BeamProcess) => unknown;

/** What a new process is like. */
export interface ProcessOptions {
  /** Registered under this name from the beginning. Default none. */
  readonly name?: string;
  /** Takes the messages. Default none: they wait for {@link BeamProcess.receive} or the iterator. */
  readonly onMessage?: MessageHandler;
  /**
   * What `onMessage` threw, or its promise was rejected with; or what `onExit`, or the `onDown` of a monitor, threw. Default: the node's
   * event `handler_failed`. The process goes on.
   */
  readonly onError?: (error: unknown) => void;
  /** Told when the process has ended, with the exit reason. */
  readonly onExit?: (reason: Term) => void;
  /** Exit signals of linked processes come as messages `{'EXIT', From, Reason}` instead of ending this one. Default false. */
  readonly trapExit?: boolean;
  /** Messages that may wait; one more ends the process with the reason `mailbox_full`. Default 1,000,000, about 100 MB of small ones. */
  readonly messagesMax?: number;
}

/** Told once that a watched process has ended, or can't be reached. */
export type DownHandler = (reason: Term) => void;

/**
 * A process of this node, as the BEAM sees it: it has a pid and a mailbox, can be linked with and watched, and ends with a reason.
 * Made by `BeamNode.spawn`.
 *
 * What it is told comes as Erlang messages: `{'DOWN', Ref, process, Object, Reason}` of {@link monitor}, `{'EXIT', From, Reason}` of
 * links where exits are trapped.
 */
export class BeamProcess implements AsyncIterable<Term> {
  /** Exit signals of linked processes come as messages. As `process_flag(trap_exit, …)`. */
  trapExit: boolean;
  readonly #table: ProcessTable;
  readonly #options: ProcessOptions;
  readonly #mailbox: Mailbox;
  readonly #links = new Map<string, Pid>();
  /** Links that were taken away and not acknowledged yet: exits that cross are not for us any more. */
  readonly #unlinking = new Map<string, bigint>();
  readonly #monitors = new Map<string, OutgoingMonitor>();
  readonly #watchers = new Map<string, Extract<Signal, { kind: 'monitor' | 'demonitor' }>>();
  readonly #toTell = new Set<() => void>();
  #exitReason: Term | undefined;
  #isPartOfNode = false;
  #isRunning = false;

  constructor(
    table: ProcessTable,
    /** Its address. */
    readonly pid: Pid,
    options: ProcessOptions,
  ) {
    this.#table = table;
    this.#options = options;
    this.trapExit = options.trapExit ?? false;
    this.#mailbox = new Mailbox(options.messagesMax ?? 1_000_000);
  }

  /** Whether it has not ended. */
  get isAlive(): boolean {
    return this.#exitReason === undefined;
  }

  /** Messages that wait. */
  get queuedMessages(): number {
    return this.#mailbox.size;
  }

  /** Sends a message in this process's name. Like `!` it never fails: what can't be delivered is dropped. @throws {BeamError} `bad_option`, `closed` */
  send(to: Destination, message: Term): void {
    this.#check();
    this.#table.send(this.pid, resolveDestination(to, this.pid.node), message);
  }

  /**
   * The next message.
   *
   * @param patience default: waits for ever
   * @throws {BeamError} `timeout`, `aborted`; `exit` when the process has ended and nothing is left
   */
  receive(patience: Patience = {}): Promise<Term> {
    if (this.#options.onMessage !== undefined)
      return Promise.reject(new BeamError('bad_option', 'onMessage takes the messages of this process'));
    return this.#mailbox.take(patience);
  }

  /** The messages in order, until the process ends. */
  async *[Symbol.asyncIterator](): AsyncIterator<Term> {
    yield* this.messages();
  }

  /** The messages in order, until the process ends, or `aborted` is thrown. */
  async *messages({ signal }: Pick<Patience, 'signal'> = {}): AsyncGenerator<Term> {
    for (;;) {
      let message: Term;
      try {
        message = await this.receive(signal === undefined ? {} : { signal });
      } catch (error) {
        if (error instanceof BeamError && error.code === 'exit') return;
        throw error;
      }
      yield message;
    }
  }

  /** Links with another process: when one ends, so does the other. @throws {BeamError} `closed` */
  link(pid: Pid): void {
    this.#check();
    if (pid === this.pid || this.#links.has(pidKey(pid))) return;
    this.#links.set(pidKey(pid), pid);
    this.#unlinking.delete(pidKey(pid));
    this.#route({ kind: 'link', from: this.pid, to: pid });
  }

  /** Takes a link away: no exit of that process comes from now on. */
  unlink(pid: Pid): void {
    if (!this.#links.delete(pidKey(pid))) return;
    const id = this.#table.nextUnlinkId();
    this.#unlinking.set(pidKey(pid), id);
    this.#route({ kind: 'unlink', id, from: this.pid, to: pid });
  }

  /**
   * Watches a process: once it ends, or when there is none or its node is lost, `{'DOWN', Ref, process, Object, Reason}` comes, or
   * `onDown` is called instead.
   *
   * @returns the `Ref`, for {@link demonitor}
   * @throws {BeamError} `bad_option`, `closed`
   */
  monitor(address: ProcessAddress, onDown?: DownHandler): Reference {
    this.#check();
    const to = resolveDestination(address, this.pid.node);
    if (to.kind === 'alias') throw new BeamError('bad_option', 'an alias cannot be watched');
    const reference = this.#table.makeReference();
    const named = to.kind === 'pid' ? to.pid : to.name;
    const object = to.kind === 'pid' ? to.pid : tuple(to.name, to.node);
    this.#monitors.set(referenceKey(reference), { reference, node: to.node, named, object, onDown });
    this.#table.route(to.node, { kind: 'monitor', from: this.pid, to: named, reference }, this.pid);
    return reference;
  }

  /** Ends watching; a `DOWN` that has come already stays in the mailbox. */
  demonitor(reference: Reference): void {
    const monitor = this.#monitors.get(referenceKey(reference));
    if (monitor === undefined) return;
    this.#monitors.delete(referenceKey(reference));
    const signal = { kind: 'demonitor', from: this.pid, to: monitor.named, reference } as const;
    this.#table.route(monitor.node, signal, this.pid);
  }

  /** Sends an exit signal to another process, as `exit(Pid, Reason)`. @throws {BeamError} `closed` */
  exitOther(pid: Pid, reason: Term): void {
    this.#check();
    this.#route({ kind: 'exit2', from: this.pid, to: pid, reason });
  }

  /**
   * Ends this process: those linked with it, or watching it, are told the reason. Default `normal`.
   *
   * @throws {EtfError} `invalid_term` for a reason that is no term; then it goes on
   */
  exit(reason: Term = normal): void {
    if (this.#exitReason !== undefined) return;
    checkTerm(reason);
    this.#exitReason = reason;
    this.#table.forget(this);
    for (const to of this.#links.values()) this.#route({ kind: 'exit', from: this.pid, to, reason });
    for (const { from, to, reference } of this.#watchers.values())
      this.#route({ kind: 'monitor_exit', from: to, to: from, reference, reason });
    for (const { reference } of [...this.#monitors.values()]) this.demonitor(reference);
    this.#mailbox.end(new BeamError('exit', 'the process has ended', { reason }));
    for (const told of [...this.#toTell]) told();
    this.#tell(() => this.#options.onExit?.(reason));
  }

  /** Calls back once when this process has ended; gives a function that takes that back. */
  onEnded(told: () => void): () => void {
    this.#toTell.add(told);
    return () => this.#toTell.delete(told);
  }

  /** For the node: nobody ends it from outside, not even by `kill`, since every call of this node goes out in its name. */
  makePartOfNode(): this {
    this.#isPartOfNode = true;
    return this;
  }

  /** For the table: a message came. */
  deliver(message: Term): void {
    if (!this.isAlive) return;
    if (!this.#mailbox.push(message)) this.exit(mailboxFull);
    else if (this.#options.onMessage !== undefined && !this.#isRunning) this.#run(this.#options.onMessage);
  }

  /** For the table: a signal other than a message came for this process. */
  handleSignal(signal: Exclude<Signal, { readonly message: Term }>): void {
    switch (signal.kind) {
      case 'link':
        this.#links.set(pidKey(signal.from), signal.from);
        return;
      case 'unlink':
        this.#links.delete(pidKey(signal.from));
        if (signal.id !== 0n)
          this.#route({ kind: 'unlink_ack', id: signal.id, from: this.pid, to: signal.from });
        return;
      case 'unlink_ack':
        if (this.#unlinking.get(pidKey(signal.from)) === signal.id)
          this.#unlinking.delete(pidKey(signal.from));
        return;
      case 'exit':
        if (this.#links.delete(pidKey(signal.from))) this.#handleExit(signal.from, signal.reason, 'link');
        return;
      case 'exit2':
        this.#handleExit(signal.from, signal.reason, 'sent');
        return;
      case 'monitor':
        this.#watchers.set(referenceKey(signal.reference), signal);
        return;
      case 'demonitor':
        this.#watchers.delete(referenceKey(signal.reference));
        return;
      case 'monitor_exit':
        this.#handleDown(signal.reference, signal.reason);
        return;
      default:
        // The group leader is of no use here, and spawning is the table's matter.
        return;
    }
  }

  /** For the table: everything this process shared with a node has ended with the connection. */
  handleNodeDown(node: string): void {
    for (const [key, watcher] of this.#watchers)
      if (watcher.from.node.name === node) this.#watchers.delete(key);
    for (const key of [...this.#unlinking.keys()]) if (key.endsWith(`@${node}`)) this.#unlinking.delete(key);
    for (const { reference, node: of } of [...this.#monitors.values()])
      if (of.name === node) this.#handleDown(reference, noconnection);
    for (const [key, pid] of [...this.#links]) {
      if (pid.node.name !== node || !this.#links.delete(key)) continue;
      this.#handleExit(pid, noconnection, 'link');
    }
  }

  /** For a spawn: the new process is linked with this one already. */
  adoptLink(pid: Pid): void {
    this.#links.set(pidKey(pid), pid);
  }

  /** For a spawn: this process watches the new one already, by the request's own reference. */
  adoptMonitor(reference: Reference, pid: Pid, onDown: DownHandler): void {
    this.#monitors.set(referenceKey(reference), {
      reference,
      node: pid.node,
      named: pid,
      object: pid,
      onDown,
    });
  }

  /** Whether {@link makePartOfNode} was called. */
  get isPartOfNode(): boolean {
    return this.#isPartOfNode;
  }

  /** For a generic server: by what a process watches this one, in the order in which that came. */
  watchesOf(pid: Pid): Reference[] {
    const key = pidKey(pid);
    return [...this.#watchers.values()].flatMap(({ from, reference }) =>
      pidKey(from) === key ? [reference] : [],
    );
  }

  /** For a generic server: ends one watcher's wait as if this process had ended. */
  failWatcher(reference: Reference, reason: Term): boolean {
    const watcher = this.#watchers.get(referenceKey(reference));
    if (watcher === undefined) return false;
    this.#watchers.delete(referenceKey(reference));
    this.#route({ kind: 'monitor_exit', from: watcher.to, to: watcher.from, reference, reason });
    return true;
  }

  #handleDown(reference: Reference, reason: Term): void {
    const monitor = this.#monitors.get(referenceKey(reference));
    if (monitor === undefined) return;
    this.#monitors.delete(referenceKey(reference));
    const { onDown } = monitor;
    if (onDown !== undefined) this.#tell(() => onDown(reason));
    else this.deliver(tuple(down, reference, process, monitor.object, reason));
  }

  /** What an exit signal does (Erlang Reference Manual, "Receiving Exit Signals"). */
  #handleExit(from: Pid, reason: Term, how: 'link' | 'sent'): void {
    if (this.#isPartOfNode) return;
    if (how === 'sent' && isAtom(reason, 'kill')) this.exit(killed);
    else if (this.trapExit) this.deliver(tuple(exit, from, reason));
    else if (!isAtom(reason, 'normal')) this.exit(reason);
  }

  #route(signal: Signal & { readonly to: unknown }): void {
    const { to } = signal;
    if (isKind(to as Term, 'pid')) this.#table.route((to as Pid).node, signal, this.pid);
  }

  #check(): void {
    if (!this.isAlive) throw new BeamError('closed', 'this process has ended');
  }

  /** Tells the program something. What it throws is its own: others that are to be told of the same end still are. */
  #tell(told: () => void): void {
    try {
      told();
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #handlerFailed(error: unknown): void {
    if (this.#options.onError !== undefined) this.#options.onError(error);
    else this.#table.handlerFailed(this, error);
  }

  /** Takes the messages one after the other; after many in a row it lets others have their turn. */
  async #run(onMessage: MessageHandler): Promise<void> {
    this.#isRunning = true;
    await undefined;
    let inTurn = 0;
    while (this.isAlive) {
      const message = this.#mailbox.shift();
      if (message === undefined) break;
      try {
        const result = onMessage(message, this);
        if (result instanceof Promise) await result;
      } catch (error) {
        this.#handlerFailed(error);
      }
      inTurn += 1;
      if (inTurn % messagesInTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isRunning = false;
  }
}

interface OutgoingMonitor {
  readonly reference: Reference;
  readonly node: Pid['node'];
  readonly named: Pid | Pid['node'];
  readonly object: Term;
  readonly onDown: DownHandler | undefined;
}

const messagesInTurn = 4_096;
const normal = atom('normal');
const killed = atom('killed');
const noconnection = atom('noconnection');
const mailboxFull = atom('mailbox_full');
const down = atom('DOWN');
const exit = atom('EXIT');
const process = atom('process');
