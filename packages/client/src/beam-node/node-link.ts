import type { Duplex } from 'node:stream';
import {
  type AcceptDecision,
  type Atom,
  atom,
  type ChannelLimits,
  type ChannelOutput,
  type DecodeLimits,
  DistChannel,
  DistFlag,
  Handshake,
  type HandshakePeer,
  isKind,
  type Pid,
  type Signal,
} from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';

/** Who has ended a connection, and why. */
export interface LinkEnd {
  /** As OTP's `nodedown_reason`: `connection_closed`, `net_tick_timeout`, `disconnect`, or `protocol_error`. */
  readonly reason: string;
  /** What failed, where something did. */
  readonly error?: Error;
}

/** What a {@link NodeLink} tells its owner; each at its own time, never from within a call. */
export interface LinkOwner {
  /** Acceptor: who calls, and whether to go on. */
  decide(peer: HandshakePeer): AcceptDecision;
  /** Acceptor: what a node of this host is called that has no name, or not to go on. */
  giveName(host: string): AcceptDecision;
  /** Initiator: the peer holds another connection for alive; whether it is dead. */
  isOtherDead(): boolean;
  /** Both know the cookie. */
  onUp(peer: HandshakePeer): void;
  /** A signal of the peer. */
  onSignal(signal: Signal): void;
  /** A message that could not be read was left out, or the reason of an exit, which comes without it. */
  onUnreadable(signal: Signal, error: Error): void;
  /** Once, at last; without `onUp` before it the attempt has failed. */
  onEnd(end: LinkEnd): void;
}

/** How a link is set up. */
export interface LinkOptions {
  /** Who this node is. */
  readonly local: HandshakePeer;
  /** 32 random bits. */
  readonly challenge: number;
  /** Whom this side has dialled, with its cookie; undefined: this side was dialled. */
  readonly dialled?: { readonly name: string; readonly cookie: Uint8Array };
  /** Milliseconds for the handshake. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds of silence that end it. */
  readonly tickTimeMs: number;
  /** What a term may hold. */
  readonly termLimits: Partial<DecodeLimits>;
  /** What it may hold of messages that have not come whole. */
  readonly channelLimits: Partial<ChannelLimits>;
}

/** A connection with another node over any byte stream: handshake, then signals both ways, with ticks. */
export class NodeLink {
  readonly #duplex: Duplex;
  readonly #owner: LinkOwner;
  readonly #options: LinkOptions;
  readonly #handshake: Handshake;
  #channel: DistChannel | undefined;
  #peerName: Atom | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isFlushing = false;
  #isBlocked = false;
  #hasEnded = false;

  constructor(duplex: Duplex, options: LinkOptions, owner: LinkOwner) {
    this.#duplex = duplex;
    this.#owner = owner;
    this.#options = options;
    const { local, challenge, dialled, handshakeTimeoutMs: timeoutMs } = options;
    const shared = { local, challenge, timeoutMs };
    this.#handshake =
      dialled === undefined
        ? Handshake.acceptor({ ...shared, givesNames: true }, nowMs())
        : Handshake.initiator({ ...shared, peerName: dialled.name, cookie: dialled.cookie }, nowMs());
    duplex.on('data', (bytes: Uint8Array) => this.#handleBytes(bytes));
    duplex.on('drain', () => {
      this.#isBlocked = false;
      this.#flush();
    });
    duplex.on('end', () => this.#handleEnd());
    duplex.on('error', (error) => this.#end({ reason: 'connection_closed', error }));
    duplex.on('close', () => this.#handleEnd());
    this.#pollHandshake();
  }

  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return (this.#channel?.queuedBytes ?? 0) + this.#duplex.writableLength;
  }

  /** Sends a signal; it goes with all others of this turn of the event loop. @throws {EtfError} `invalid_term` */
  send(signal: Signal, sender: Pid | undefined): void {
    if (this.#channel === undefined) throw new Error('the link is not up');
    if (this.#hasEnded) return;
    this.#channel.send(signal, sender);
    if (this.#isFlushing || this.#isBlocked) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  /** Ends the connection; what was sent before goes out first. */
  close(reason: string): void {
    if (this.#hasEnded) return;
    this.#flush();
    this.#end({ reason });
  }

  #handleBytes(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    if (this.#channel === undefined) {
      this.#handshake.handleBytes(bytes);
      this.#pollHandshake();
    } else {
      this.#channel.handleBytes(bytes);
      this.#pollChannel(this.#channel);
    }
  }

  #pollHandshake(): void {
    for (
      let output = this.#handshake.pollOutput();
      output !== undefined;
      output = this.#handshake.pollOutput()
    ) {
      switch (output.kind) {
        case 'send':
          this.#duplex.write(output.bytes);
          break;
        case 'peer_named':
          this.#handshake.decide(this.#owner.decide(output.peer));
          break;
        case 'name_wanted':
          this.#handshake.decide(this.#owner.giveName(output.host));
          break;
        case 'peer_alive':
          this.#handshake.answerAlive(this.#owner.isOtherDead());
          break;
        case 'failed':
          this.#end({ reason: 'connection_closed', error: output.error });
          return;
        case 'connected': {
          const header = (output.flags & DistFlag.distHdrAtomCache) !== 0n;
          const fragments = header && (output.flags & DistFlag.fragments) !== 0n;
          const nativeRecords = (output.flags & DistFlag.nativeRecords) !== 0n;
          const { tickTimeMs, termLimits, channelLimits: limits } = this.#options;
          const agreed = { distributionHeader: header, fragments, nativeRecords };
          this.#channel = new DistChannel({ ...agreed, tickTimeMs, termLimits, limits }, nowMs());
          this.#peerName = atom(output.peer.name);
          this.#owner.onUp(output.peer);
          if (output.rest.length > 0) this.#handleBytes(output.rest);
          break;
        }
      }
    }
    this.#armTimer();
  }

  #pollChannel(channel: DistChannel): void {
    for (let output = channel.pollOutput(); output !== undefined; output = channel.pollOutput()) {
      if (this.#hasEnded) return;
      this.#handleOutput(output);
    }
  }

  #handleOutput(output: ChannelOutput): void {
    if (output.kind === 'failed') {
      const isSilent = output.error.code === 'tick_timeout';
      this.#end({ reason: isSilent ? 'net_tick_timeout' : 'protocol_error', error: output.error });
    } else if (this.#isForged(output.signal)) {
      const error = new BeamError('bad_option', 'a signal in the name of a process of another node');
      this.#end({ reason: 'protocol_error', error });
    } else {
      if (output.error !== undefined) this.#owner.onUnreadable(output.signal, output.error);
      if (output.kind === 'signal') this.#owner.onSignal(output.signal);
    }
  }

  /**
   * What changes links and monitors may only come from the node whose processes these are, as the emulator demands it. A group leader may
   * be a process of any node.
   */
  #isForged(signal: Signal): boolean {
    switch (signal.kind) {
      case 'send':
      case 'send_to_name':
      case 'send_to_alias':
      case 'spawn_reply':
      case 'group_leader':
        return false;
      default:
        return isKind(signal.from, 'pid') && signal.from.node !== this.#peerName;
    }
  }

  #flush(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#hasEnded) return;
    while (!this.#isBlocked) {
      const parts = channel.pollTransmit();
      if (parts === undefined) return;
      if (parts.length > 1) this.#duplex.cork();
      for (const part of parts) this.#isBlocked = !this.#duplex.write(part);
      if (parts.length > 1) this.#duplex.uncork();
    }
  }

  #handleEnd(): void {
    if (this.#hasEnded) return;
    if (this.#channel !== undefined) this.#end({ reason: 'connection_closed' });
    else {
      this.#handshake.handleEnd();
      this.#pollHandshake();
    }
  }

  #end(end: LinkEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    if (this.#duplex.writable) this.#duplex.end();
    // An end that is not taken within a second would hold the socket for ever.
    setTimeout(() => this.#duplex.destroy(), lastWordsMs).unref();
    this.#duplex.resume();
    queueMicrotask(() => this.#owner.onEnd(end));
  }

  #armTimer(): void {
    const due = this.#channel?.pollTimeout() ?? this.#handshake.pollTimeout();
    if (due === undefined || this.#hasEnded || due.atMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = due.atMs;
    this.#timer = setTimeout(() => this.#handleTimer(), Math.max(0, due.atMs - nowMs()));
  }

  #handleTimer(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#channel === undefined) {
      this.#handshake.handleTimeout(nowMs());
      this.#pollHandshake();
      return;
    }
    this.#channel.handleTimeout(nowMs());
    this.#flush();
    this.#pollChannel(this.#channel);
    this.#armTimer();
  }
}

function nowMs(): number {
  return performance.now();
}

const lastWordsMs = 1_000;
