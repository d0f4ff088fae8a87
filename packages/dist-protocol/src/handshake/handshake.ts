import { challengeDigest, sameDigest } from './digest.js';
import { HandshakeError } from './errors.js';
import { DistFlag, flagNames, requiredFlags, withImpliedFlags } from './flags.js';
import { decodeHandshake, encodeHandshake, type HandshakeMessage, handshakeBytesMax } from './messages.js';
import { checkedHost, checkedName, checkedNameOfHost } from './names.js';
import type {
  AcceptDecision,
  AcceptorOptions,
  HandshakeOutput,
  HandshakePeer,
  InitiatorOptions,
} from './types.js';

/**
 * The distribution handshake of one connection, either side, as a core. An initiator's state goes `status` (→ `deciding`), or `named` where
 * it wants a name, → `challenge` → `ack` → `over`; an acceptor's `name` → `deciding` or `naming` (→ `alive`) → `reply` → `over`.
 *
 * Poll {@link pollOutput} until undefined after making it and after each call; {@link pollTimeout} says when
 * {@link handleTimeout} is due. Where this node's own name is none, it has failed from the beginning.
 */
export class Handshake {
  readonly #challenge: number;
  readonly #dueMs: number;
  readonly #initiator: InitiatorOptions | undefined;
  readonly #givesNames: boolean;
  readonly #outputs: HandshakeOutput[] = [];
  #local: HandshakePeer;
  #cookie: Uint8Array | undefined;
  #state: State;
  #peer: HandshakePeer | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  private constructor(options: AcceptorOptions, nowMs: number, initiator?: InitiatorOptions) {
    const { local } = options;
    const wantsName = initiator?.wantsName ?? false;
    this.#local = wantsName ? { ...local, creation: 0, flags: namingFlags(local.flags) } : local;
    this.#challenge = options.challenge >>> 0;
    this.#dueMs = nowMs + (options.timeoutMs ?? 7_000);
    this.#initiator = initiator;
    this.#givesNames = options.givesNames ?? false;
    this.#cookie = initiator?.cookie;
    this.#state = initiator === undefined ? 'name' : wantsName ? 'named' : 'status';
    this.#attempt(() => {
      if (wantsName) checkedHost(local.name);
      else checkedName(local.name);
      // Said by an initiator; an acceptor only sees now whether it can be said.
      const name = encodeHandshake({ kind: 'name', ...this.#local });
      if (initiator !== undefined) this.#outputs.push({ kind: 'send', bytes: name });
    });
  }

  /** The side that dials; it speaks first. */
  static initiator(options: InitiatorOptions, nowMs: number): Handshake {
    return new Handshake(options, nowMs, options);
  }

  /** The side that was dialled. */
  static acceptor(options: AcceptorOptions, nowMs: number): Handshake {
    return new Handshake(options, nowMs);
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

  /**
   * The connection ended. Where the cookie was to be proven next, that is the likely reason: OTP closes without a word. An initiator that
   * was asked whether another connection is dead, and closes, has given this attempt up for that one.
   */
  handleEnd(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'ack')
      this.#fail(
        'wrong_cookie',
        'the node closed the connection instead of proving the cookie; is the cookie the same?',
      );
    else if (this.#state === 'alive')
      this.#fail(
        'simultaneous',
        'the node has given up this attempt, as there is another connection with it',
      );
    else
      this.#fail(
        'closed',
        `the connection ended during the handshake, which waited in the state ${this.#state}`,
      );
  }

  /**
   * Answers `peer_named` and `name_wanted`.
   *
   * @throws {HandshakeError} `unasked` when nothing is to be decided, or it was asked for a name and this is none, or the other way round;
   *   `invalid_name` for a name that can't be given
   */
  decide(decision: AcceptDecision): void {
    if (this.#state === 'over') return;
    const isNaming = this.#state === 'naming';
    const fits = decision.status === 'not_allowed' || (decision.status === 'named') === isNaming;
    if (!(isNaming || this.#state === 'deciding') || this.#initiator !== undefined || !fits)
      throw new HandshakeError('unasked', `nobody has asked for the decision ${decision.status}`);
    if (decision.status === 'named') this.#giveName(decision.name, decision.creation);
    else this.#send({ kind: 'status', status: decision.status });
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
   * @throws {HandshakeError} `unasked` when nothing is to be answered
   */
  answerAlive(isDead: boolean): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'deciding' || this.#initiator === undefined)
      throw new HandshakeError('unasked', 'nobody has asked whether a connection is alive');
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
    this.#attempt(() => {
      while (isWaiting(this.#state)) {
        const body = this.#takeMessage();
        if (body === undefined) return;
        this.#handleMessage(body, this.#state);
      }
      if (this.#state !== 'over' && this.#bytes.length > handshakeBytesMax)
        throw new HandshakeError('message_too_long', `${this.#bytes.length} bytes out of turn`);
    });
  }

  #attempt(run: () => void): void {
    try {
      run();
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

  #handleMessage(body: Uint8Array, state: Waiting): void {
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
      case 'named':
        this.#handleNamed(message);
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
    const wantsName = (message.flags & DistFlag.nameMe) !== 0n;
    const name = wantsName ? checkedHost(message.name) : checkedName(message.name);
    const peer = { name, creation: message.creation, flags: withImpliedFlags(message.flags) };
    try {
      if (wantsName && !this.#givesNames)
        throw new HandshakeError('invalid_name', 'the node has no name, and this one gives none');
      checkFlags(peer);
    } catch (thrown) {
      // As OTP says it for flags.
      this.#send({ kind: 'status', status: 'not_allowed' });
      throw thrown;
    }
    this.#peer = peer;
    this.#state = wantsName ? 'naming' : 'deciding';
    this.#outputs.push(
      wantsName ? { kind: 'name_wanted', host: name, flags: peer.flags } : { kind: 'peer_named', peer },
    );
  }

  #giveName(name: string, creation: number): void {
    const peer = this.#knownPeer();
    this.#send({ kind: 'named', name: checkedNameOfHost(name, peer.name), creation });
    this.#peer = { ...peer, name, creation: creation >>> 0 };
    // The node that was named looks for this flag in what both have.
    this.#local = { ...this.#local, flags: namingFlags(this.#local.flags) };
  }

  #handleNamed(message: HandshakeMessage): void {
    if (message.kind === 'status' && isRefusal(message.status)) {
      this.#handleStatus(message);
      return;
    }
    if (message.kind !== 'named') throw unexpected(message, 'named');
    const { creation } = message;
    const name = checkedNameOfHost(message.name, this.#local.name);
    this.#local = { name, creation, flags: this.#local.flags };
    this.#state = 'challenge';
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
    const { name, creation } = message;
    if (checkedName(name) !== this.#initiator?.peerName)
      throw new HandshakeError(
        'wrong_name',
        `${name} answered where ${this.#initiator?.peerName} was dialled`,
      );
    this.#peer = { name, creation, flags: withImpliedFlags(message.flags) };
    checkFlags(this.#peer);
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
    const peer = this.#knownPeer();
    const local = this.#local;
    this.#state = 'over';
    this.#outputs.push({
      kind: 'connected',
      peer,
      local,
      flags: peer.flags & local.flags,
      rest: this.#bytes,
    });
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

  #knownPeer(): HandshakePeer {
    if (this.#peer === undefined) throw new Error('no peer before it has said its name');
    return this.#peer;
  }

  #fail(code: HandshakeError['code'], text: string): void {
    this.#state = 'over';
    this.#outputs.push({ kind: 'failed', error: new HandshakeError(code, text) });
  }
}

type State =
  | 'name'
  | 'deciding'
  | 'naming'
  | 'alive'
  | 'reply'
  | 'status'
  | 'named'
  | 'challenge'
  | 'ack'
  | 'over';

/** States in which a message is awaited. */
type Waiting = Exclude<State, 'over' | 'deciding' | 'naming'>;

function isWaiting(state: State): state is Waiting {
  return state !== 'over' && state !== 'deciding' && state !== 'naming';
}

/** Flags of a node that has no name, or gives one: it is not seen. */
function namingFlags(flags: bigint): bigint {
  return (flags & ~DistFlag.published) | DistFlag.nameMe;
}

function isRefusal(status: string): boolean {
  return status === 'not_allowed' || status === 'nok';
}

function checkFlags({ name, flags }: HandshakePeer): void {
  const missing = requiredFlags & ~flags;
  if (missing !== 0n)
    throw new HandshakeError(
      'missing_flags',
      `${name} lacks ${flagNames(missing).join(', ')}: OTP 25 or later is needed`,
    );
}

function unexpected(message: HandshakeMessage, wanted: string): HandshakeError {
  return new HandshakeError('malformed', `handshake message ${message.kind} where ${wanted} must come`);
}
