import {
  type Atom,
  atom,
  isAtom,
  Pid,
  Reference,
  type Signal,
  type SpawnReplySignal,
  type SpawnRequestSignal,
  type Term,
} from '@macula/dist-protocol';
import { type ResolvedDestination, referenceKey } from './addresses.js';
import { BeamError } from './beam-error.js';
import { BeamProcess, type ProcessOptions } from './beam-process.js';
import { checkSignal } from './check-signal.js';

/** What a {@link ProcessTable} needs of its node. */
export interface ProcessTableHost {
  /** Sends a signal to another node; what can't be sent ends as {@link ProcessTable.undeliverable} says. */
  routeAway(node: Atom, signal: Signal, sender: Pid | undefined): void;
  /** A process's own `onMessage` threw. */
  handlerFailed(process: BeamProcess, error: unknown): void;
  /** Another node asks for a process; the answer is a `spawn_reply`. */
  handleSpawnRequest(request: SpawnRequestSignal): void;
}

/** The processes of a node, their names and aliases, and where signals go. */
export class ProcessTable {
  readonly #self: Atom;
  readonly #creation: number;
  readonly #host: ProcessTableHost;
  readonly #processes = new Map<number, BeamProcess>();
  readonly #names = new Map<string, BeamProcess>();
  readonly #namesOf = new Map<BeamProcess, Set<string>>();
  readonly #aliases = new Map<string, (message: Term) => void>();
  readonly #spawns = new Map<string, RequestedSpawn>();
  #nextId = 1;
  #nextReference = 1;
  #nextUnlinkId = 1n;

  constructor(self: Atom, creation: number, host: ProcessTableHost) {
    this.#self = self;
    this.#creation = creation;
    this.#host = host;
  }

  /** A new process. @throws {BeamError} `name_taken` */
  spawn(options: ProcessOptions): BeamProcess {
    const pid = new Pid({ node: this.#self, id: this.#takeId(), serial: 0, creation: this.#creation });
    const process = new BeamProcess(this, pid, options);
    if (options.name !== undefined) this.register(options.name, process);
    this.#processes.set(pid.id, process);
    return process;
  }

  /** Gives a process a name. @throws {BeamError} `name_taken`, `bad_option` for `undefined` */
  register(name: string, process: BeamProcess): void {
    if (this.#names.has(name))
      throw new BeamError('name_taken', `a process of this node is registered as ${name}`);
    if (name === 'undefined') throw new BeamError('bad_option', "'undefined' is no name, as in Erlang");
    this.#names.set(name, process);
    const names = this.#namesOf.get(process);
    if (names === undefined) this.#namesOf.set(process, new Set([name]));
    else names.add(name);
  }

  /** Takes a name away; false when nobody had it. */
  unregister(name: string): boolean {
    const process = this.#names.get(name);
    if (process !== undefined) this.#namesOf.get(process)?.delete(name);
    return this.#names.delete(name);
  }

  /** The process of a name. */
  whereis(name: string): BeamProcess | undefined {
    return this.#names.get(name);
  }

  /** Every registered name. */
  get registeredNames(): string[] {
    return [...this.#names.keys()];
  }

  /** The living processes. */
  get processes(): BeamProcess[] {
    return [...this.#processes.values()];
  }

  /** For a process that ends. */
  forget(process: BeamProcess): void {
    this.#processes.delete(process.pid.id);
    for (const name of this.#namesOf.get(process) ?? []) this.#names.delete(name);
    this.#namesOf.delete(process);
  }

  /** A reference that this node has not made before. Its first word has 18 bits, as the emulator demands. */
  makeReference(): Reference {
    const count = this.#nextReference++;
    const words = [count % 0x4_0000, Math.floor(count / 0x4_0000) % 0x1_0000_0000, 0];
    return new Reference({ node: this.#self, creation: this.#creation, words });
  }

  /** An id that no unlink of this node had before. */
  nextUnlinkId(): bigint {
    return this.#nextUnlinkId++;
  }

  /** Messages for this reference go to `take` until {@link removeAlias}. */
  addAlias(reference: Reference, take: (message: Term) => void): void {
    this.#aliases.set(referenceKey(reference), take);
  }

  /** Hands a message to whoever waits for it by this alias; false when nobody does. */
  deliverToAlias(reference: Reference, message: Term): boolean {
    const take = this.#aliases.get(referenceKey(reference));
    take?.(message);
    return take !== undefined;
  }

  /** Messages for this reference are dropped from now on. */
  removeAlias(reference: Reference): void {
    this.#aliases.delete(referenceKey(reference));
  }

  /** Asks another node for a process. `reply` is called once. @throws {EtfError} `invalid_term`; then it is not called */
  requestSpawn(node: Atom, request: SpawnRequestSignal, reply: (reply: SpawnReplySignal) => void): void {
    this.#spawns.set(referenceKey(request.requestId), { node, request, reply });
    try {
      this.route(node, request, request.from);
    } catch (error) {
      this.#spawns.delete(referenceKey(request.requestId));
      throw error;
    }
  }

  /** Sends a message. */
  send(from: Pid, to: ResolvedDestination, message: Term): void {
    if (to.kind === 'pid') this.route(to.node, { kind: 'send', from, to: to.pid, message }, from);
    else if (to.kind === 'name')
      this.route(to.node, { kind: 'send_to_name', from, to: to.name, message }, from);
    else this.route(to.node, { kind: 'send_to_alias', from, to: to.alias, message }, from);
  }

  /** Sends a signal to wherever its node is. @throws {EtfError} `invalid_term`, `too_deep`, also where it stays at this node */
  route(node: Atom, signal: Signal, sender?: Pid): void {
    if (node !== this.#self) this.#host.routeAway(node, signal, sender);
    else {
      checkSignal(signal);
      this.handleSignal(signal);
    }
  }

  /** A signal came, from this node or another. */
  handleSignal(signal: Signal): void {
    switch (signal.kind) {
      case 'send':
        this.#find(signal.to)?.deliver(signal.message);
        return;
      case 'send_to_name':
        this.#names.get(signal.to.name)?.deliver(signal.message);
        return;
      case 'send_to_alias':
        this.deliverToAlias(signal.to, signal.message);
        return;
      case 'spawn_request':
        this.#host.handleSpawnRequest(signal);
        return;
      case 'spawn_reply': {
        const spawn = this.#spawns.get(referenceKey(signal.requestId));
        this.#spawns.delete(referenceKey(signal.requestId));
        spawn?.reply(signal);
        return;
      }
      default: {
        const process = isAtom(signal.to) ? this.#names.get(signal.to.name) : this.#find(signal.to);
        if (process === undefined) this.#answerForNobody(signal);
        else process.handleSignal(signal);
      }
    }
  }

  /** A signal could not be sent, since there is no connection: whoever waits for an answer gets one. */
  undeliverable(signal: Signal): void {
    switch (signal.kind) {
      case 'link': {
        const { from, to } = signal;
        this.handleSignal({ kind: 'exit', from: to, to: from, reason: noconnection });
        return;
      }
      case 'monitor': {
        const { from, to, reference } = signal;
        this.handleSignal({ kind: 'monitor_exit', from: to, to: from, reference, reason: noconnection });
        return;
      }
      case 'spawn_request':
        this.handleSignal(refusedSpawn(signal, noconnection));
        return;
      default:
        return;
    }
  }

  /** A signal came that could not be read: who has asked for a process would wait for ever. */
  unreadable(signal: Signal): void {
    if (signal.kind === 'spawn_request') this.route(signal.from.node, refusedSpawn(signal, systemLimit));
  }

  /** The connection with a node has ended. */
  handleNodeDown(node: Atom): void {
    for (const [key, spawn] of [...this.#spawns]) {
      if (spawn.node !== node) continue;
      this.#spawns.delete(key);
      spawn.reply(refusedSpawn(spawn.request, noconnection));
    }
    for (const process of this.processes) process.handleNodeDown(node.name);
  }

  /** For a process whose handler threw. */
  handlerFailed(process: BeamProcess, error: unknown): void {
    this.#host.handlerFailed(process, error);
  }

  #find(pid: Pid): BeamProcess | undefined {
    const process = this.#processes.get(pid.id);
    const isOurs = pid.node === this.#self && pid.serial === 0 && pid.creation === this.#creation;
    return isOurs ? process : undefined;
  }

  /** Nobody is there: a link and a monitor are told so, the rest is dropped, as the emulator does it. */
  #answerForNobody(signal: Extract<Signal, { readonly to: unknown }>): void {
    if (signal.kind === 'link')
      this.route(signal.from.node, { kind: 'exit', from: signal.to, to: signal.from, reason: noproc });
    else if (signal.kind === 'monitor') {
      const { from, to, reference } = signal;
      this.route(from.node, { kind: 'monitor_exit', from: to, to: from, reference, reason: noproc });
    } else if (signal.kind === 'unlink' && signal.id !== 0n)
      this.route(signal.from.node, { kind: 'unlink_ack', id: signal.id, from: signal.to, to: signal.from });
  }

  #takeId(): number {
    do this.#nextId = this.#nextId >= pidIdMax ? 1 : this.#nextId + 1;
    while (this.#processes.has(this.#nextId));
    return this.#nextId;
  }
}

interface RequestedSpawn {
  readonly node: Atom;
  readonly request: SpawnRequestSignal;
  readonly reply: (reply: SpawnReplySignal) => void;
}

/** The answer to a request for a process that is not made. */
export function refusedSpawn(
  { requestId, from }: Pick<SpawnRequestSignal, 'requestId' | 'from'>,
  why: Atom,
): SpawnReplySignal {
  return { kind: 'spawn_reply', requestId, to: from, isLinked: false, isMonitored: false, result: why };
}

/** 28 bits, what every release since 25 takes for a pid's id. */
const pidIdMax = 0x0fff_ffff;
const noconnection = atom('noconnection');
const noproc = atom('noproc');
const systemLimit = atom('system_limit');
