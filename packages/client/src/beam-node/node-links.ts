import type { Duplex } from 'node:stream';
import {
  type AcceptDecision,
  type Atom,
  type ChannelLimits,
  type DecodeLimits,
  DistFlag,
  decideSimultaneous,
  HandshakeError,
  type HandshakePeer,
  type Pid,
  type Signal,
} from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';
import { checkSignal } from './check-signal.js';
import { type LinkEnd, type LinkOptions, NodeLink } from './node-link.js';
import { openInTime } from './open-in-time.js';
import { type Patience, waitFor } from './patience.js';

/** A node that is connected. */
export interface ConnectedNode {
  /** Its name. */
  readonly name: string;
  /** It doesn't show in `nodes()` of the others, and is not part of `global` and the full mesh. */
  readonly isHidden: boolean;
  /** Tells apart two lives of its name. */
  readonly creation: number;
}

/** What {@link NodeLinks} needs of its node. */
export interface LinksHost {
  /** Who this node is. */
  readonly local: HandshakePeer;
  /** A byte stream to a node; rejects where there is none. */
  open(node: string, signal: AbortSignal): Promise<Duplex>;
  /** The cookie for a node. */
  cookieFor(node: string): Uint8Array;
  /** Whether a node may connect. */
  allows(node: string): boolean;
  /** 32 random bits. */
  makeChallenge(): number;
  /** A name of this host that no other node has, for one that has none. */
  makeName(host: string): { readonly name: string; readonly creation: number };
  onSignal(signal: Signal): void;
  /** A signal that waited for a connection that didn't come, or that can't be sent over it. */
  onUndeliverable(signal: Signal): void;
  /** The node that has come does not know what a signal holds that waited for it. */
  onUnsendable(node: string, error: Error): void;
  onUnreadable(node: string, signal: Signal, error: Error): void;
  onNodeUp(node: ConnectedNode): void;
  onNodeDown(node: ConnectedNode, end: LinkEnd): void;
  /** A node was not reached, or one that has dialled was not let in. */
  onConnectFailed(node: string | undefined, error: Error): void;
}

/** Bounds of the connections. */
export interface LinksLimits {
  /** Milliseconds for dialling and shaking hands. */
  readonly connectTimeoutMs: number;
  /** Milliseconds of silence that end a connection. */
  readonly tickTimeMs: number;
  /** What a term may hold. */
  readonly termLimits: Partial<DecodeLimits>;
  /** What a connection may hold of messages that have not come whole. */
  readonly channelLimits: Partial<ChannelLimits>;
  /** Streams that are not past their handshake. */
  readonly handshakesMax: number;
}

/** The connections with other nodes, made when they are first needed, one for each node. */
export class NodeLinks {
  readonly #host: LinksHost;
  readonly #limits: LinksLimits;
  readonly #entries = new Map<string, Entry>();
  /** Not past their handshake, and not known by name. */
  readonly #shaking = new Set<NodeLink>();
  #isClosed = false;

  constructor(host: LinksHost, limits: LinksLimits) {
    this.#host = host;
    this.#limits = limits;
  }

  /** The nodes that are connected. */
  get connected(): ConnectedNode[] {
    return [...this.#entries.values()].flatMap(({ up }) => (up === undefined ? [] : [up.node]));
  }

  /** Sends a signal, over a connection that is made for it if need be. @throws {EtfError} `invalid_term`, `too_deep` */
  route(node: Atom, signal: Signal, sender: Pid | undefined): void {
    const known = this.#entries.get(node.name);
    if (known?.up !== undefined) {
      known.up.link.send(signal, sender);
      return;
    }
    // What is no term is told to who sends it, not to the connection when it comes.
    checkSignal(signal);
    const entry = known ?? (this.#isClosed ? undefined : this.#dial(node.name));
    if (entry !== undefined && entry.waiting.length < waitingMax) entry.waiting.push({ signal, sender });
    else this.#host.onUndeliverable(signal);
  }

  /** Makes a connection, unless there is one. @throws {BeamError} `noconnection`, `timeout`, `aborted`, `closed` */
  connect(node: string, patience: Patience): Promise<void> {
    if (this.#isClosed) return Promise.reject(new BeamError('closed', 'this node was closed'));
    // As `net_kernel:connect_node(node())`.
    if (node === this.#host.local.name) return Promise.resolve();
    const entry = this.#entries.get(node) ?? this.#dial(node);
    return this.#untilUp(entry, node, patience);
  }

  /** Dials a node over a byte stream that is there already. @throws as {@link connect} */
  attach(node: string, duplex: Duplex, patience: Patience): Promise<void> {
    const entry = this.#entries.get(node);
    if (this.#isClosed || entry?.up !== undefined) {
      duplex.destroy();
      return this.connect(node, patience);
    }
    const fresh = entry ?? this.#addEntry(node);
    this.#beginAttempt(fresh);
    this.#shake(fresh, node, duplex);
    return this.#untilUp(fresh, node, patience);
  }

  /** Takes a byte stream that another node has opened. */
  accept(duplex: Duplex): void {
    if (this.#isClosed || this.#shaking.size >= this.#limits.handshakesMax) {
      duplex.destroy();
      return;
    }
    const state: Incoming = { name: undefined, entry: undefined, isUp: false };
    const link: NodeLink = new NodeLink(duplex, this.#linkOptions(), {
      decide: (peer) => decideSafely(state, () => this.#decide(peer, state)),
      giveName: (host) => decideSafely(state, () => this.#giveName(host, state)),
      isOtherDead: () => true,
      onUp: (peer) => {
        this.#shaking.delete(link);
        state.isUp = true;
        this.#setUp(link, peer);
      },
      onSignal: (signal) => this.#host.onSignal(signal),
      onUnreadable: (signal, error) => this.#host.onUnreadable(state.name ?? '', signal, error),
      onEnd: (end) => {
        this.#shaking.delete(link);
        if (state.isUp) this.#setDown(link, state.name ?? '', end);
        else this.#incomingFailed(state, state.refusal ?? end.error ?? closedEarly());
      },
    });
    this.#shaking.add(link);
  }

  /** Ends a connection; false when there is none. Whoever connects from now on gets another one. */
  disconnect(node: string): boolean {
    const up = this.#entries.get(node)?.up;
    if (up !== undefined) this.#drop(up, 'disconnect');
    return up !== undefined;
  }

  /** Bytes that wait to be written to a node. */
  queuedBytes(node: string): number {
    return this.#entries.get(node)?.up?.link.queuedBytes ?? 0;
  }

  /** Ends all connections. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#shaking) link.close('disconnect');
    for (const [name, entry] of [...this.#entries]) {
      entry.abort.abort();
      entry.outgoing?.close('disconnect');
      if (entry.up !== undefined) entry.up.link.close('disconnect');
      else this.#giveUp(name, entry, new BeamError('closed', 'this node was closed'));
    }
  }

  #linkOptions(): LinkOptions {
    return {
      local: this.#host.local,
      challenge: this.#host.makeChallenge(),
      handshakeTimeoutMs: this.#limits.connectTimeoutMs,
      tickTimeMs: this.#limits.tickTimeMs,
      termLimits: this.#limits.termLimits,
      channelLimits: this.#limits.channelLimits,
    };
  }

  #addEntry(name: string): Entry {
    const entry: Entry = {
      up: undefined,
      isDialling: false,
      hasDialled: false,
      attempts: 0,
      waiting: [],
      waiters: new Set(),
      abort: new AbortController(),
    };
    this.#entries.set(name, entry);
    return entry;
  }

  #dial(name: string, entry: Entry = this.#addEntry(name)): Entry {
    this.#beginAttempt(entry);
    const open = (signal: AbortSignal) => this.#host.open(name, signal);
    openInTime(open, name, this.#limits.connectTimeoutMs, entry.abort.signal).then(
      (duplex) => {
        if (!entry.abort.signal.aborted && entry.up === undefined) return this.#shake(entry, name, duplex);
        duplex.destroy();
        this.#endAttempt(entry);
      },
      (error: unknown) => {
        this.#endAttempt(entry);
        this.#lastAttemptFailed(name, entry, asError(error));
      },
    );
    return entry;
  }

  #beginAttempt(entry: Entry): void {
    entry.isDialling = true;
    entry.hasDialled = true;
    entry.attempts += 1;
  }

  #endAttempt(entry: Entry): void {
    entry.isDialling = false;
    entry.outgoing = undefined;
    entry.attempts -= 1;
  }

  #shake(entry: Entry, name: string, duplex: Duplex): void {
    let cookie: Uint8Array;
    try {
      cookie = this.#host.cookieFor(name);
    } catch (error) {
      duplex.destroy();
      this.#endAttempt(entry);
      queueMicrotask(() => this.#lastAttemptFailed(name, entry, asError(error)));
      return;
    }
    const dialled = { name, cookie };
    let isUp = false;
    const link: NodeLink = new NodeLink(
      duplex,
      { ...this.#linkOptions(), dialled },
      {
        decide: () => notAllowed,
        giveName: () => notAllowed,
        isOtherDead: () => entry.up === undefined,
        onUp: (peer) => {
          isUp = true;
          this.#endAttempt(entry);
          this.#setUp(link, peer);
        },
        onSignal: (signal) => this.#host.onSignal(signal),
        onUnreadable: (signal, error) => this.#host.onUnreadable(name, signal, error),
        onEnd: (end) => {
          if (isUp) return this.#setDown(link, name, end);
          this.#endAttempt(entry);
          this.#attemptEnded(name, entry, end.error ?? closedEarly());
        },
      },
    );
    entry.outgoing = link;
  }

  #attemptEnded(name: string, entry: Entry, error: Error): void {
    if (!isNobodysFault(error)) this.#lastAttemptFailed(name, entry, error);
    // The other node's own attempt goes on; if nothing comes of it, whoever waits must be told.
    else setTimeout(() => this.#lastAttemptFailed(name, entry, error), this.#limits.connectTimeoutMs).unref();
  }

  #decide(peer: HandshakePeer, state: Incoming): AcceptDecision {
    state.name = peer.name;
    if (!this.#host.allows(peer.name) || peer.name === this.#host.local.name) return notAllowed;
    const cookie = this.#host.cookieFor(peer.name);
    const entry = this.#entries.get(peer.name);
    if (entry?.up !== undefined) return { status: 'alive', cookie };
    // Not its handshake but its beginning counts, as in net_kernel: else both could give way, or neither.
    const isDialling = entry?.isDialling ?? false;
    const status = decideSimultaneous({ local: this.#host.local.name, remote: peer.name, isDialling });
    if (status === 'nok') return { status };
    // The own attempt is not ended here: the other node does that, once it is the node that it says it is.
    const waiting = entry ?? this.#addEntry(peer.name);
    state.entry = waiting;
    waiting.attempts += 1;
    return { status, cookie };
  }

  #giveName(host: string, state: Incoming): AcceptDecision {
    const { name, creation } = this.#host.makeName(host);
    state.name = name;
    if (!this.#host.allows(name)) return notAllowed;
    return { status: 'named', name, creation, cookie: this.#host.cookieFor(name) };
  }

  #setUp(link: NodeLink, peer: HandshakePeer): void {
    const isHidden = (peer.flags & DistFlag.published) === 0n;
    const node: ConnectedNode = { name: peer.name, isHidden, creation: peer.creation };
    const before = this.#entries.get(peer.name);
    // The node itself says that its former connection is dead.
    if (before?.up !== undefined) this.#drop(before.up, 'connection_closed');
    const entry = this.#entries.get(peer.name) ?? this.#addEntry(peer.name);
    entry.up = { link, node };
    if (entry.outgoing !== undefined && entry.outgoing !== link) entry.outgoing.close('disconnect');
    this.#host.onNodeUp(node);
    const { waiting } = entry;
    entry.waiting = [];
    for (const { signal, sender } of waiting)
      try {
        link.send(signal, sender);
      } catch (error) {
        this.#host.onUnsendable(peer.name, asError(error));
        this.#host.onUndeliverable(signal);
      }
    for (const waiter of entry.waiters) waiter.resolve();
    entry.waiters.clear();
  }

  #drop({ link, node }: UpLink, reason: string): void {
    this.#entries.delete(node.name);
    link.close(reason);
    this.#host.onNodeDown(node, { reason });
  }

  #setDown(link: NodeLink, name: string, end: LinkEnd): void {
    const entry = this.#entries.get(name);
    if (entry?.up?.link !== link) return;
    this.#entries.delete(name);
    this.#host.onNodeDown(entry.up.node, end);
  }

  /** Who waits for this node is not let down by somebody who only claimed to be it; an attempt that gave way is no event. */
  #incomingFailed({ name, entry }: Incoming, error: Error): void {
    if (name === undefined || entry === undefined) {
      const isNeeded = name !== undefined && this.#entries.get(name)?.up === undefined;
      const isSilent = !isNeeded && error instanceof HandshakeError && error.code === 'closed';
      if (!isNobodysFault(error) && !isSilent) this.#host.onConnectFailed(name, error);
      return;
    }
    entry.attempts -= 1;
    const isWaitedFor = entry.waiting.length > 0 || entry.waiters.size > 0;
    if (isWaitedFor && !entry.hasDialled && !this.#isClosed) this.#dial(name, entry);
    else this.#lastAttemptFailed(name, entry, error);
  }

  #lastAttemptFailed(name: string, entry: Entry, error: Error): void {
    if (entry.attempts > 0 || entry.up !== undefined || this.#entries.get(name) !== entry) return;
    this.#giveUp(name, entry, error);
    this.#host.onConnectFailed(name, error);
  }

  #giveUp(name: string, entry: Entry, cause: Error): void {
    this.#entries.delete(name);
    for (const waiter of entry.waiters)
      waiter.reject(
        cause instanceof BeamError
          ? cause
          : new BeamError('noconnection', `${name}: ${cause.message}`, { cause }),
      );
    entry.waiters.clear();
    for (const { signal } of entry.waiting) this.#host.onUndeliverable(signal);
  }

  #untilUp(entry: Entry, node: string, patience: Patience): Promise<void> {
    if (entry.up !== undefined) return Promise.resolve();
    let waiter: Waiter | undefined;
    return waitFor<void>(
      patience,
      `no connection with ${node}`,
      (resolve, reject) => {
        waiter = { resolve, reject };
        entry.waiters.add(waiter);
      },
      {
        abandon: () => {
          if (waiter !== undefined) entry.waiters.delete(waiter);
        },
      },
    );
  }
}

interface UpLink {
  readonly link: NodeLink;
  readonly node: ConnectedNode;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Entry {
  up: UpLink | undefined;
  /** This node's own attempt goes on, from its beginning: the other node's may have to give way to it. */
  isDialling: boolean;
  hasDialled: boolean;
  /** Its handshake, once it is that far. */
  outgoing?: NodeLink | undefined;
  /** Ways on which a connection may still come about. */
  attempts: number;
  waiting: { readonly signal: Signal; readonly sender: Pid | undefined }[];
  readonly waiters: Set<Waiter>;
  readonly abort: AbortController;
}

interface Incoming {
  name: string | undefined;
  /** Where it counts as an attempt. */
  entry: Entry | undefined;
  isUp: boolean;
  /** What `allow` or `cookie` threw for it. */
  refusal?: Error;
}

/** What the program decides by its own functions may throw: that lets nobody in, and ends nothing else. */
function decideSafely(state: Incoming, decide: () => AcceptDecision): AcceptDecision {
  try {
    return decide();
  } catch (error) {
    state.refusal = asError(error);
    return notAllowed;
  }
}

function isNobodysFault(error: Error | undefined): boolean {
  return error instanceof HandshakeError && error.code === 'simultaneous';
}

function closedEarly(): Error {
  return new BeamError('noconnection', 'the connection was closed');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

const notAllowed = { status: 'not_allowed' } as const;
/** Signals that wait for one connection; more are dropped as if it had failed. */
const waitingMax = 100_000;
