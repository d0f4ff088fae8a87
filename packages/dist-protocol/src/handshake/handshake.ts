import { challengeDigest, sameDigest } from './digest.js';
import { HandshakeError } from './errors.js';
import { DistFlag, flagNames, requiredFlags, withImpliedFlags } from './flags.js';
import { decodeHandshake, encodeHandshake, type HandshakeMessage, handshakeBytesMax } from './messages.js';

/** What a node tells of itself. */
export interface HandshakePeer {
  /** Its name, `name@host`. */
  readonly name: string;
  /** Tells apart two lives of one name, 32 bits. */
  readonly creation: number;
  /** What it can do; see `DistFlag`. */
  readonly flags: bigint;
}

/** What an acceptor answers once it knows who calls. */
export type AcceptDecision =
  | {
      /**
       * `ok`: go on. `ok_simultaneous`: go on, the own attempt to the same node is given up. `alive`: there is a connection with it,
       * the initiator decides whether that one is dead.
       */
      readonly status: 'ok' | 'ok_simultaneous' | 'alive';
      /** The cookie for this node. */
      readonly cookie: Uint8Array;
    }
  /** `nok`: the own attempt goes on instead. `not_allowed`: no connection with this node. */
  | { readonly status: 'nok' | 'not_allowed' };

/** What a {@link Handshake} says. */
export type HandshakeOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Acceptor: answer with {@link Handshake.decide}. */
  | { readonly kind: 'peer_named'; readonly peer: HandshakePeer }
  /** Initiator: the peer holds another connection with this node for alive. Answer with {@link Handshake.answerAlive}. */
  | { readonly kind: 'peer_alive' }
  /** Both know the cookie. `rest` came behind the handshake and belongs to the channel. */
  | {
      readonly kind: 'connected';
      readonly peer: HandshakePeer;
      readonly flags: bigint;
      readonly rest: Uint8Array;
    }
  /** The connection must be closed. */
  | { readonly kind: 'failed'; readonly error: HandshakeError };

/** This node's side of a handshake. */
export interface HandshakeOptions {
  /** Who this node says it is. */
  readonly local: HandshakePeer;
  /** 32 random bits. */
  readonly challenge: number;
  /** Milliseconds for the whole handshake. Default 7,000, as `net_setuptime`. */
  readonly timeoutMs?: number;
}

/** Of the side that dials. */
export interface InitiatorOptions extends HandshakeOptions {
  /** Whom it dials: another name is an error. */
  readonly peerName: string;
  /** The cookie for that node. */
  readonly cookie: Uint8Array;
}

/**
 * The distribution handshake of one connection, either side, as a core. An initiator's state goes `status` → (`deciding` →) `challenge` → `ack` →
 * `over`, an acceptor's `name` → `deciding` → (`alive` →) `reply` → `over`.
 *
 * Poll {@link pollOutput} until undefined after making it and after each call; {@link pollTimeout} says when
 * {@link handleTimeout} is due.
 */
export class Handshake {
  readonly #local: HandshakePeer;
  readonly #challenge: number;
  readonly #dueMs: number;
  readonly #expectedName: string | undefined;
  readonly #outputs: HandshakeOutput[] = [];
  #cookie: Uint8Array | undefined;
  #state: State;
  #peer: HandshakePeer | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  private constructor(options: HandshakeOptions, state: State, nowMs: number, initiator?: InitiatorOptions) {
    this.#local = options.local;
    this.#challenge = options.challenge;
    this.#dueMs = nowMs + (options.timeoutMs ?? 7_000);
    this.#state = state;
    this.#expectedName = initiator?.peerName;
    this.#cookie = initiator?.cookie;
  }

  /** The side that dials; it speaks first. */
  static initiator(options: InitiatorOptions, nowMs: number): Handshake {
    const handshake = new Handshake(options, 'status', nowMs, options);
    handshake.#send({ kind: 'name', ...options.local });
    return handshake;
  }

  /** The side that was dialled. */
  static acceptor(options: HandshakeOptions, nowMs: number): Handshake {
    return new Handshake(options, 'name', nowMs);
  }

  /** Takes what came. */
  handleBytes(bytes: Uint8Array): void {
    if (this.#state === 'over') return;
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all;
    this.#proceed();
  }

  /** The connection ended. Where the cookie was to be proven next, that is the likely reason: OTP closes without a word. */
  handleEnd(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'ack')
      this.#fail(
        'wrong_cookie',
        'the node closed the connection instead of proving the cookie; is the cookie the same?',
      );
    else this.#fail('closed', 'the connection ended during the handshake');
  }

  /** Answers `peer_named`. @throws {HandshakeError} `malformed` when nothing is to be decided */
  decide(decision: AcceptDecision): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'deciding' || this.#expectedName !== undefined)
      throw new HandshakeError('malformed', 'there is nothing to decide');
    this.#send({ kind: 'status', status: decision.status });
    if ('cookie' in decision) {
      this.#cookie = decision.cookie;
      if (decision.status === 'alive') this.#state = 'alive';
      else this.#sendChallenge();
      this.#proceed();
    } else if (decision.status === 'nok')
      this.#fail('simultaneous', 'both nodes dialled each other, and the other attempt goes on');
    else this.#fail('not_allowed', 'no connection with this node is allowed');
  }

  /**
   * Answers `peer_alive`.
   *
   * @param isDead whether the connection that the peer means is dead, so that this one takes its place
   * @throws {HandshakeError} `malformed` when nothing is to be answered
   */
  answerAlive(isDead: boolean): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'deciding' || this.#expectedName === undefined)
      throw new HandshakeError('malformed', 'there is nothing to answer');
    this.#send({ kind: 'status', status: String(isDead) });
    if (isDead) {
      this.#state = 'challenge';
      this.#proceed();
    } else this.#fail('already_connected', 'there is a connection with this node already');
  }

  /** The next thing to do. */
  pollOutput(): HandshakeOutput | undefined {
    return this.#outputs.shift();
  }

  /** When {@link handleTimeout} must be called; undefined once it is over. */
  pollTimeout(): { readonly atMs: number; readonly why: 'handshake' } | undefined {
    return this.#state === 'over' ? undefined : { atMs: this.#dueMs, why: 'handshake' };
  }

  /** Fails the handshake when its time is over. */
  handleTimeout(nowMs: number): void {
    if (this.#state !== 'over' && nowMs >= this.#dueMs)
      this.#fail('timed_out', `the handshake was not over in time, it waited in the state ${this.#state}`);
  }

  #proceed(): void {
    try {
      while (this.#state !== 'over' && this.#state !== 'deciding') {
        const body = this.#takeMessage();
        if (body === undefined) return;
        this.#handleMessage(body, this.#state);
      }
    } catch (thrown) {
      if (!(thrown instanceof HandshakeError)) throw thrown;
      this.#state = 'over';
      this.#outputs.push({ kind: 'failed', error: thrown });
    }
  }

  #takeMessage(): Uint8Array | undefined {
    const [high, low] = this.#bytes;
    if (high === undefined || low === undefined) return undefined;
    const length = (high << 8) | low;
    if (length > handshakeBytesMax)
      throw new HandshakeError(
        'message_too_long',
        `handshake message of ${length} bytes, limit ${handshakeBytesMax}`,
      );
    if (this.#bytes.length < 2 + length) return undefined;
    const body = this.#bytes.subarray(2, 2 + length);
    this.#bytes = this.#bytes.subarray(2 + length);
    return body;
  }

  #handleMessage(body: Uint8Array, state: Exclude<State, 'over' | 'deciding'>): void {
    const message = decodeHandshake(body, state === 'name' ? 'name' : 'challenge');
    switch (state) {
      case 'name':
        this.#handleName(message);
        break;
      case 'alive':
        this.#handleAliveAnswer(message);
        break;
      case 'status':
        this.#handleStatus(message);
        break;
      case 'challenge':
        this.#handleChallenge(message);
        break;
      case 'reply':
        this.#handleReply(message);
        break;
      case 'ack':
        this.#handleAck(message);
        break;
    }
  }

  #handleName(message: HandshakeMessage): void {
    if (message.kind !== 'name') throw unexpected(message, 'name');
    const peer = checkedPeer(message);
    this.#peer = peer;
    this.#state = 'deciding';
    this.#outputs.push({ kind: 'peer_named', peer });
  }

  #handleAliveAnswer(message: HandshakeMessage): void {
    if (message.kind !== 'status') throw unexpected(message, 'status');
    if (message.status !== 'true')
      throw new HandshakeError('already_connected', 'the node holds its other connection for alive');
    this.#sendChallenge();
  }

  #handleStatus(message: HandshakeMessage): void {
    if (message.kind !== 'status') throw unexpected(message, 'status');
    switch (message.status) {
      case 'ok':
      case 'ok_simultaneous':
        this.#state = 'challenge';
        return;
      case 'alive':
        this.#state = 'deciding';
        this.#outputs.push({ kind: 'peer_alive' });
        return;
      case 'nok':
        throw new HandshakeError(
          'simultaneous',
          'both nodes dialled each other, and the other attempt goes on',
        );
      case 'not_allowed':
        throw new HandshakeError(
          'not_allowed',
          'the node does not allow a connection with this one (net_kernel:allow/1)',
        );
      default:
        throw new HandshakeError(
          'malformed',
          `unknown status ${JSON.stringify(message.status.slice(0, 40))}`,
        );
    }
  }

  #handleChallenge(message: HandshakeMessage): void {
    if (message.kind !== 'challenge') throw unexpected(message, 'challenge');
    const peer = checkedPeer(message);
    if (peer.name !== this.#expectedName)
      throw new HandshakeError('wrong_name', `${peer.name} answered where ${this.#expectedName} was dialled`);
    this.#peer = peer;
    const digest = challengeDigest(this.#knownCookie(), message.challenge);
    this.#send({ kind: 'reply', challenge: this.#challenge, digest });
    this.#state = 'ack';
  }

  #handleReply(message: HandshakeMessage): void {
    if (message.kind !== 'reply') throw unexpected(message, 'reply');
    if (!sameDigest(message.digest, challengeDigest(this.#knownCookie(), this.#challenge)))
      throw new HandshakeError('wrong_cookie', `${this.#peer?.name} has another cookie`);
    this.#send({ kind: 'ack', digest: challengeDigest(this.#knownCookie(), message.challenge) });
    this.#connect();
  }

  #handleAck(message: HandshakeMessage): void {
    if (message.kind !== 'ack') throw unexpected(message, 'ack');
    if (!sameDigest(message.digest, challengeDigest(this.#knownCookie(), this.#challenge)))
      throw new HandshakeError('wrong_cookie', `${this.#peer?.name} has another cookie`);
    this.#connect();
  }

  #connect(): void {
    const peer = this.#peer;
    if (peer === undefined) throw new Error('connected before the peer was known');
    this.#state = 'over';
    const flags = peer.flags & this.#local.flags;
    this.#outputs.push({ kind: 'connected', peer, flags, rest: this.#bytes });
  }

  #sendChallenge(): void {
    this.#send({ kind: 'challenge', challenge: this.#challenge, ...this.#local });
    this.#state = 'reply';
  }

  #send(message: HandshakeMessage): void {
    this.#outputs.push({ kind: 'send', bytes: encodeHandshake(message) });
  }

  #knownCookie(): Uint8Array {
    if (this.#cookie === undefined) throw new Error('no cookie before it was decided');
    return this.#cookie;
  }

  #fail(code: HandshakeError['code'], text: string): void {
    this.#state = 'over';
    this.#outputs.push({ kind: 'failed', error: new HandshakeError(code, text) });
  }
}

/**
 * Who gives way when two nodes dial each other at one time: the attempt of the node with the greater name goes on
 * (`net_kernel`, comparing names as Erlang compares atoms).
 *
 * @returns what the acceptor `local` answers to `remote`, which it is dialling itself
 */
export function decideSimultaneous(local: string, remote: string): 'ok_simultaneous' | 'nok' {
  return compareCodePoints(local, remote) > 0 ? 'nok' : 'ok_simultaneous';
}

type State = 'name' | 'deciding' | 'alive' | 'reply' | 'status' | 'challenge' | 'ack' | 'over';

function checkedPeer({ name, creation, flags }: HandshakePeer): HandshakePeer {
  if ((flags & DistFlag.nameMe) !== 0n)
    throw new HandshakeError(
      'invalid_name',
      'the node has no name and wants one, which this node does not give',
    );
  const [local, host, ...more] = name.split('@');
  if (!local || !host || more.length > 0 || [...name].length > 255)
    throw new HandshakeError('invalid_name', `not a node name: ${JSON.stringify(name.slice(0, 300))}`);
  const all = withImpliedFlags(flags);
  const missing = requiredFlags & ~all;
  if (missing !== 0n)
    throw new HandshakeError(
      'missing_flags',
      `${name} lacks ${flagNames(missing).join(', ')}: OTP 25 or later is needed`,
    );
  return { name, creation, flags: all };
}

function compareCodePoints(one: string, other: string): number {
  const left = [...one];
  const right = [...other];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function unexpected(message: HandshakeMessage, wanted: string): HandshakeError {
  return new HandshakeError('malformed', `handshake message ${message.kind} where ${wanted} must come`);
}
