import { randomBytes } from 'node:crypto';
import { connect as connectTcp, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  atom,
  DistFlag,
  isTuple,
  type Pid,
  type Reference,
  supportedFlags,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import { asAtom, type Destination, type ProcessAddress } from './addresses.js';
import { BeamError } from './beam-error.js';
import { type BeamEvent, type BeamNodeOptions, checkOptions, cookieBytes } from './beam-node-options.js';
import type { BeamProcess, DownHandler, MessageHandler, ProcessOptions } from './beam-process.js';
import { type CallSource, callProcess, replyTo, takeDirectAnswer } from './calls.js';
import { type EpmdRegistration, lookUpNode, registerNode } from './epmd-client.js';
import { EventFeed } from './event-feed.js';
import { type ExposedFunction, ExposedFunctions } from './exposed-functions.js';
import { type GenericServer, serverProcess } from './generic-server.js';
import { groupLeaderProcess } from './group-leader.js';
import { type ConnectedNode, NodeLinks } from './node-links.js';
import type { Patience } from './patience.js';
import { ProcessGroups } from './process-groups.js';
import { ProcessTable } from './process-table.js';
import {
  callFunction,
  castFunction,
  type RemoteCaller,
  requestSpawn,
  rpcCall,
  type SpawnRequestOptions,
} from './remote-calls.js';

/**
 * A node of an Erlang cluster in this program: others reach its processes as they reach each other's, and it reaches theirs. What it
 * does not offer is refused: other nodes see the processes that the program has made, and can run nothing but what it exposes.
 *
 * Made by {@link BeamNode.start}. Sending to a node that is not connected connects it, as in Erlang.
 */
export class BeamNode {
  /** Its name. */
  readonly name: string;
  /** Tells this life of the name from others. */
  readonly creation: number;
  readonly #options: BeamNodeOptions;
  readonly #events = new EventFeed<BeamEvent>();
  readonly #table: ProcessTable;
  readonly #links: NodeLinks;
  readonly #exposed: ExposedFunctions;
  readonly #remote: RemoteCaller;
  readonly #groups = new Map<string, ProcessGroups>();
  #server: Server | undefined;
  #registration: EpmdRegistration | undefined;
  #isClosed = false;

  private constructor(options: BeamNodeOptions, creation: number) {
    this.#options = options;
    this.name = options.name;
    this.creation = creation;
    this.#table = new ProcessTable(atom(this.name), creation, {
      routeAway: (node, signal, sender) => this.#links.route(node, signal, sender),
      handlerFailed: ({ pid }, error) => this.#tell({ kind: 'handler_failed', process: pid, error }),
      handleSpawnRequest: (request) => this.#exposed.handleRequest(request),
    });
    this.#links = this.#makeLinks();
    this.#exposed = new ExposedFunctions(this.#table);
    const onMessage = (message: Term) => takeDirectAnswer(this.#table, message);
    const caller = this.#table.spawn({ onMessage }).makePartOfNode();
    const leader = groupLeaderProcess(
      (text, from) => options.onOutput?.(text, from),
      (node, what) => callFunction(this.#remote, node, what, {}),
    );
    this.#remote = {
      table: this.#table,
      caller,
      groupLeader: this.#table.spawn(leader).makePartOfNode().pid,
    };
    this.genServer({
      name: 'net_kernel',
      handleCall: (request) => this.#answerNetKernel(request),
    }).makePartOfNode();
  }

  /**
   * A node, listening and registered if it is to be.
   *
   * @throws {BeamError} `bad_option`, `name_taken`, `noconnection` when EPMD is not there; or the error of listening
   */
  static async start(options: BeamNodeOptions): Promise<BeamNode> {
    checkOptions(options);
    const { listen } = options;
    const creation = options.creation ?? randomCreation();
    if (listen === undefined) return new BeamNode(options, creation);
    let node: BeamNode | undefined;
    const early: Duplex[] = [];
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      if (node !== undefined) return node.accept(socket);
      // A reset of one that waits for its node would be an error that nobody takes.
      socket.on('error', () => {});
      early.push(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen.port ?? 0, listen.host ?? '0.0.0.0', resolve);
    });
    let registration: EpmdRegistration | undefined;
    if (listen.register ?? true) {
      const [name = ''] = options.name.split('@');
      const request = {
        kind: 'alive',
        name,
        port: portOf(server),
        isHidden: options.hidden ?? true,
      } as const;
      try {
        registration = await registerNode(request, options.epmd ?? {});
      } catch (error) {
        server.close();
        for (const socket of early) socket.destroy();
        throw error;
      }
    }
    node = new BeamNode(options, options.creation ?? registration?.creation ?? creation);
    node.#server = server;
    node.#registration = registration;
    for (const socket of early) node.accept(socket);
    return node;
  }

  /** The port it listens on, undefined where it does not. */
  get port(): number | undefined {
    return this.#server === undefined ? undefined : portOf(this.#server);
  }

  /** The nodes that are connected, hidden ones too. */
  nodes(): ConnectedNode[] {
    return this.#links.connected;
  }

  /** What happens to this node from now on. @throws {BeamError} `aborted` */
  events({ signal }: Pick<Patience, 'signal'> = {}): AsyncGenerator<BeamEvent> {
    return this.#events.read(signal);
  }

  /** Connects a node, unless it is connected. @throws {BeamError} `noconnection` with the cause, `timeout`, `aborted`, `closed`, `bad_option` for its cookie */
  connect(node: string, patience: Patience = {}): Promise<void> {
    return this.#links.connect(node, patience);
  }

  /** Connects a node over a byte stream to it. @throws as {@link connect} */
  attach(node: string, stream: Duplex, patience: Patience = {}): Promise<void> {
    return this.#links.attach(node, stream, patience);
  }

  /** Takes a byte stream from a node that dials this one. */
  accept(stream: Duplex): void {
    this.#links.accept(stream);
  }

  /** Ends the connection with a node; false when there is none. */
  disconnect(node: string): boolean {
    return this.#links.disconnect(node);
  }

  /** `pong` when the node is connected, or can be, and answers; else `pang`. As `net_adm:ping/1`. @throws {BeamError} `aborted` */
  async ping(node: string, patience: Patience = {}): Promise<'pong' | 'pang'> {
    try {
      const answer = await this.call(
        { name: 'net_kernel', node },
        tuple(atom('is_auth'), atom(this.name)),
        patience,
      );
      return answer === atom('yes') ? 'pong' : 'pang';
    } catch (error) {
      if (error instanceof BeamError && error.code === 'aborted') throw error;
      return 'pang';
    }
  }

  /** A new process. @throws {BeamError} `name_taken`, `closed` */
  spawn(options: ProcessOptions = {}): BeamProcess {
    if (this.#isClosed) throw new BeamError('closed', 'this node was closed');
    return this.#table.spawn(options);
  }

  /** A new process of this name that takes messages. @throws {BeamError} `name_taken`, `closed` */
  register(
    name: string,
    onMessage: MessageHandler,
    options: Omit<ProcessOptions, 'name' | 'onMessage'> = {},
  ): BeamProcess {
    return this.spawn({ ...options, name, onMessage });
  }

  /** Takes a name away from its process; false when nobody had it. */
  unregister(name: string): boolean {
    return this.#table.unregister(name);
  }

  /** The process of a name. */
  whereis(name: string): BeamProcess | undefined {
    return this.#table.whereis(name);
  }

  /** A new process that answers `gen_server:call` and takes `gen_server:cast`. @throws {BeamError} `name_taken`, `closed` */
  genServer(server: GenericServer): BeamProcess {
    return this.spawn(serverProcess(server));
  }

  /** Answers a call for which `handleCall` has returned `noReply`. */
  reply(from: CallSource, reply: Term): void {
    replyTo(this.#remote.caller, from, reply);
  }

  /** Lets other nodes run these functions, as `erpc:call(ThisNode, Module, Name, Args)`. Nothing else can be run. */
  expose(module: string, functions: Readonly<Record<string, ExposedFunction>>): void {
    this.#exposed.expose(module, functions);
  }

  /** A scope of OTP's `pg`, made when it is first asked for. @throws {BeamError} `name_taken`, `closed` */
  pg(scope = 'pg'): ProcessGroups {
    const known = this.#groups.get(scope);
    if (known !== undefined) return known;
    const groups = new ProcessGroups(scope, (onMessage) => this.register(scope, onMessage).makePartOfNode());
    this.#groups.set(scope, groups);
    for (const { name } of this.nodes()) groups.handleNodeUp(name);
    return groups;
  }

  /** Sends a message. Like `!` it does not fail: what can't be delivered is dropped. @throws {BeamError} `bad_option`, `closed` */
  send(to: Destination, message: Term): void {
    this.#remote.caller.send(to, message);
  }

  /**
   * Calls a `gen_server`, `gen_statem` or whatever answers as these do.
   *
   * @param patience default 5,000 ms
   * @throws {BeamError} `timeout`, `aborted`, `noproc`, `noconnection`, `exit` with the reason when the process ended
   */
  call(to: ProcessAddress, request: Term, patience: Patience = {}): Promise<Term> {
    return this.#whileOpen(() => callProcess(this.#remote, to, request, patience));
  }

  /** Sends a cast to a `gen_server`. @throws {BeamError} `bad_option`, `closed` */
  cast(to: ProcessAddress, request: Term): void {
    this.send(to, tuple(atom('$gen_cast'), request));
  }

  /**
   * Runs a function at another node, as `erpc:call`.
   *
   * @param patience default 5,000 ms
   * @throws {BeamError} `exception`, `exit`, `noconnection`, `not_supported`, `timeout`, `aborted`
   */
  erpc(
    node: string,
    module: string,
    functionName: string,
    args: readonly Term[],
    patience: Patience = {},
  ): Promise<Term> {
    return this.#whileOpen(() => callFunction(this.#remote, node, { module, functionName, args }, patience));
  }

  /** Runs a function at another node, as `erpc:cast`: nothing comes back. */
  erpcCast(node: string, module: string, functionName: string, args: readonly Term[]): void {
    castFunction(this.#remote, node, { module, functionName, args });
  }

  /**
   * Runs a function at another node, as `rpc:call`: what goes wrong is a value `{badrpc, Reason}`.
   *
   * @param patience default 5,000 ms
   * @throws {BeamError} `aborted`
   */
  rpc(
    node: string,
    module: string,
    functionName: string,
    args: readonly Term[],
    patience: Patience = {},
  ): Promise<Term> {
    return this.#whileOpen(() => rpcCall(this.#remote, node, { module, functionName, args }, patience));
  }

  /**
   * A new process at another node, as `spawn_request/5`.
   *
   * @throws {BeamError} `not_supported`, `noconnection`, `timeout`, `aborted`, `exit`
   */
  spawnRequest(
    node: string,
    module: string,
    functionName: string,
    args: readonly Term[],
    options: SpawnRequestOptions = {},
  ): Promise<Pid> {
    return this.#whileOpen(() =>
      requestSpawn(
        this.#remote,
        node,
        { module: atom(module), functionName: atom(functionName), args },
        options,
      ),
    );
  }

  /** Watches a process: `onDown` is called once, when it has ended or can't be reached. @throws {BeamError} `bad_option`, `closed` */
  monitor(address: ProcessAddress, onDown: DownHandler): Reference {
    return this.#remote.caller.monitor(address, onDown);
  }

  /** Ends watching: `onDown` is not called any more. */
  demonitor(reference: Reference): void {
    this.#remote.caller.demonitor(reference);
  }

  /** Sends an exit signal, as `exit(Pid, Reason)`. */
  exit(pid: Pid, reason: Term): void {
    this.#remote.caller.exitOther(pid, reason);
  }

  /** A new reference. */
  makeReference(): Reference {
    return this.#table.makeReference();
  }

  /** Bytes that wait to be written to a node: what a fast sender may look at. */
  queuedBytes(node: string): number {
    return this.#links.queuedBytes(node);
  }

  /** Ends its processes, its connections, and gives its name back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#registration?.close();
    for (const process of this.#table.processes) process.exit(atom('shutdown'));
    this.#links.close();
    for (const groups of this.#groups.values()) groups.end();
    this.#events.end();
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #whileOpen<Value>(run: () => Promise<Value>): Promise<Value> {
    if (this.#isClosed) return Promise.reject(new BeamError('closed', 'this node was closed'));
    try {
      return run();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** `net_adm:ping` of another node asks whether it is known here; it is, or it would not be connected. */
  #answerNetKernel(request: Term): Term {
    return isTuple(request, 2) && request.elements[0] === atom('is_auth') ? atom('yes') : atom('error');
  }

  #tell(event: BeamEvent): void {
    this.#events.push(event);
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      // The program's own fault, and its own to handle: but not in the middle of what this node was doing.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #makeLinks(): NodeLinks {
    const options = this.#options;
    const published = (options.hidden ?? true) ? 0n : DistFlag.published;
    const { cookie } = options;
    return new NodeLinks(
      {
        local: { name: this.name, creation: this.creation, flags: supportedFlags | published },
        open: options.open ?? ((node, signal) => this.#openTcp(node, signal)),
        cookieFor: (node) => cookieBytes(typeof cookie === 'string' ? cookie : cookie(node)),
        allows: options.allow ?? (() => true),
        makeChallenge: () => randomBytes(4).readUInt32BE(),
        makeName: (host) => ({
          name: `${randomBytes(8).toString('hex')}@${host}`,
          creation: randomCreation(),
        }),
        onSignal: (signal) => this.#table.handleSignal(signal),
        onUndeliverable: (signal) => this.#table.undeliverable(signal),
        onUnsendable: (node, error) => this.#tell({ kind: 'unsendable', node, error }),
        onUnreadable: (node, signal, error) => {
          this.#table.unreadable(signal);
          this.#tell({ kind: 'unreadable', node, error });
        },
        onNodeUp: (node) => {
          for (const groups of this.#groups.values()) groups.handleNodeUp(node.name);
          this.#tell({ kind: 'nodeup', node });
        },
        onNodeDown: (node, { reason, error }) => {
          for (const groups of this.#groups.values()) groups.handleNodeDown(node.name);
          this.#table.handleNodeDown(asAtom(node.name));
          this.#tell({ kind: 'nodedown', node, reason, ...(error === undefined ? {} : { error }) });
        },
        onConnectFailed: (node, error) => this.#tell({ kind: 'connect_failed', node, error }),
      },
      {
        connectTimeoutMs: options.connectTimeoutMs ?? 7_000,
        tickTimeMs: (options.netTicktime ?? 60) * 1_000,
        termLimits: options.termLimits ?? {},
        channelLimits: options.channelLimits ?? {},
        handshakesMax: options.handshakesMax ?? 1_000,
      },
    );
  }

  async #openTcp(node: string, signal: AbortSignal): Promise<Duplex> {
    const { host: epmdHost, port: epmdPort } = this.#options.epmd ?? {};
    const [, host = ''] = node.split('@');
    const address = { host: epmdHost ?? host, ...(epmdPort === undefined ? {} : { port: epmdPort }) };
    const port = await lookUpNode(node, address, { signal });
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host, port, noDelay: true, signal });
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
      socket.once('error', reject);
    });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Never 0 to 3, which OTP of before 23 gave out by turns. */
function randomCreation(): number {
  return Math.max(4, randomBytes(4).readUInt32BE());
}
