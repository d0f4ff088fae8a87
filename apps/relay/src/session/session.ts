import { identityId } from '@macula/crypto';
import type { Connection, Stream } from '@macula/transport';
import {
  codeNumber,
  codeSentence,
  type Message,
  type Names,
  type SessionRole,
  type WireCode,
  WireError,
} from '@macula/wire';
import {
  ownedBufferBytesMax,
  sessionPingAfterMs,
  sessionSilenceMsMax,
  streamsPerSessionMax,
  supersededPingAfterMs,
  supersededSilenceMsMax,
} from '../limits.js';
import { presenceBufferBytesMax } from '../routing/limits.js';
import type { LinkId, PeerMessage } from '../routing/types.js';
import type { ClaimedNames, SignedClaim } from './claimed-names.js';
import type { ControlChannel } from './control-channel.js';
import { codeOfClosed, remoteCode, whyClosed } from './dial-hello.js';
import type { AdmittedBy } from './peer-admission.js';

/** What a session is, proven by HELLO. */
export interface SessionFacts {
  readonly link: LinkId;
  readonly role: SessionRole;
  /** Whether this side dialled. */
  readonly dialled: boolean;
  /** The other side's Ed25519 public key. */
  readonly identity: Uint8Array;
  /** Random at the start of the other side's process, 16 bytes. */
  readonly bootId: Uint8Array;
  /** Empty for relays. */
  readonly realm: string;
  readonly label: string;
  /** Of a relay: by what it was admitted. */
  readonly admittedBy?: AdmittedBy;
  /** Of an agent: what it wants by its signature. */
  readonly claims?: ClaimedNames;
}

/** What a session tells its owner. */
export interface SessionHandlers {
  /** A new stream that must begin with OPEN; already counted in `streamsIn`. */
  onStream(session: Session, stream: Stream): void;
  /** Does the work that a frame of this type makes, now or later. */
  inShare(session: Session, type: number, work: () => void): void;
  /** A frame has come on the control stream, of this type; false: it must not be read, and the session has been closed. */
  onControl(session: Session, type: number): boolean;
  onNames(session: Session, names: Names, claim: SignedClaim): void;
  onAlive(session: Session): void;
  /** An agent says that its older sessions are over. */
  onFormerGone(session: Session): void;
  /** An agent wants to know who is in its realm, or no more. */
  onWatch(session: Session, on: boolean): void;
  onDraining(session: Session): void;
  /** A relay tells of names. */
  onPeerMessage(session: Session, message: PeerMessage): void;
  /** A relay sends a message of the membership protocol. */
  onSwim(session: Session, message: Uint8Array): void;
  /** The session is over, once; by a word of the other side (`goodbye`), or because it is lost or not wanted here. */
  onClosed(session: Session, code: WireCode, why: string, ending: 'goodbye' | 'lost'): void;
}

/**
 * One connection after HELLO, until it is closed. Pings a silent peer and gives it up when it stays silent; a message that
 * isn't allowed ends this connection and nothing else.
 */
export class Session {
  readonly facts: SessionFacts;
  /** The other side's key as text. */
  readonly id: string;
  readonly connection: Connection;
  /** Streams opened by the other side that are not over yet. */
  streamsIn = 0;
  isDraining = false;
  /** A newer session of the same agent has taken over: this one lives for its tunnels. */
  isSuperseded = false;
  readonly #channel: ControlChannel;
  readonly #handlers: SessionHandlers;
  readonly #nowMs: () => number;
  #heardMs: number;
  #oldestPing: { readonly number: number; readonly sentMs: number } | undefined;
  #pings = 0;
  #pingRttMs: number | undefined;
  #isClosed = false;

  constructor(
    facts: SessionFacts,
    parts: { connection: Connection; channel: ControlChannel; nowMs: () => number },
    handlers: SessionHandlers,
  ) {
    this.facts = facts;
    this.id = identityId(facts.identity);
    this.connection = parts.connection;
    this.#channel = parts.channel;
    this.#nowMs = parts.nowMs;
    this.#handlers = handlers;
    this.#heardMs = parts.nowMs();
    this.#channel.bytesMax = Number.POSITIVE_INFINITY;
    this.#channel.inShare = (type, work) => handlers.inShare(this, type, work);
    this.#channel.mayRead = (type) => handlers.onControl(this, type);
    this.#channel.handlers = {
      onMessage: (message) => this.#handleMessage(message),
      onBroken: (error) => this.close(error.closeCode, error.message),
    };
    this.connection.start({
      onStream: (stream) => this.handleStream(stream),
      onRenewalDue: () => {
        // A relay dials again when it loses the connection, and knows no RENEW.
        if (facts.role === 'agent') this.send({ kind: 'renew' });
      },
      onClosed: (info) =>
        this.#over(codeOfClosed(info), whyClosed(info), info.kind === 'lost' ? 'lost' : 'goodbye'),
    });
  }

  /** A stream of the other side; the shell calls it for streams that came before the session stood. */
  handleStream(stream: Stream): void {
    if (this.#isClosed) {
      stream.reset(codeNumber('shutdown'));
      return;
    }
    if (this.streamsIn >= streamsPerSessionMax) {
      stream.reset(codeNumber('busy'));
      return;
    }
    this.#heard();
    this.streamsIn++;
    this.#handlers.onStream(this, stream);
  }

  send(message: Message): void {
    if (!this.#isClosed) this.#channel.send(message);
  }

  /** Sends an encoded message that the other side can ask for again, unless it is slow to read. */
  sendIfRoom(frame: Uint8Array): void {
    if (!this.#isClosed && this.#channel.bufferedBytes <= ownedBufferBytesMax) this.#channel.sendFrame(frame);
  }

  /** Whether the other side reads fast enough to be told who comes and goes. */
  get hasRoomForPresence(): boolean {
    return !this.#isClosed && this.#channel.bufferedBytes <= presenceBufferBytesMax;
  }

  ping(): void {
    const number = ++this.#pings;
    this.#oldestPing ??= { number, sentMs: this.#nowMs() };
    this.send({ kind: 'ping', number });
  }

  /** Called about every second: pings a silent peer and gives it up when it stays silent, a superseded session sooner. */
  checkLiveness(): void {
    const silentMs = this.#nowMs() - this.#heardMs;
    const { isSuperseded } = this;
    if (silentMs >= (isSuperseded ? supersededSilenceMsMax : sessionSilenceMsMax))
      this.close('timeout', codeSentence('timeout'));
    else if (silentMs >= (isSuperseded ? supersededPingAfterMs : sessionPingAfterMs)) this.ping();
  }

  /** Round trip: the transport's own figure, else the last ping's, which is also finer than the 0 that QUIC tells in a local network. */
  get rttMs(): number | undefined {
    const { rttMs } = this.connection.stats();
    return rttMs || (this.#pingRttMs ?? rttMs);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** GOODBYE, and the end of the connection a moment later; `retryMs`: when the other side may come again, where that is known. */
  close(code: WireCode, text: string, retryMs?: number): void {
    if (this.#isClosed) return;
    const retry = retryMs === undefined ? {} : { retryMs };
    this.#channel.closeConnection(this.connection, { code, text, ...retry });
    this.#over(code, text);
  }

  #over(code: WireCode, why: string, ending: 'goodbye' | 'lost' = 'lost'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.stop();
    this.#handlers.onClosed(this, code, why, ending);
  }

  #heard(): void {
    this.#heardMs = this.#nowMs();
    this.#handlers.onAlive(this);
  }

  #handleMessage(message: Message): void {
    if (this.#isClosed) return;
    this.#heard();
    switch (message.kind) {
      case 'ping':
        this.send({ kind: 'pong', number: message.number });
        return;
      case 'pong':
        this.#handlePong(message.number);
        return;
      case 'goodbye':
        this.connection.close(codeNumber(message.code), message.text);
        this.#over(remoteCode(message.code), message.text, 'goodbye');
        return;
      case 'draining':
        this.isDraining = true;
        this.#handlers.onDraining(this);
        return;
      case 'names':
        if (this.facts.claims === undefined) break;
        this.#handlers.onNames(this, message, this.facts.claims.handleNames(message));
        return;
      case 'owned':
      case 'owned_have':
      case 'filter':
      case 'filter_delta':
      case 'filter_version':
      case 'filter_ask':
        if (this.facts.role !== 'relay') break;
        this.#handlers.onPeerMessage(this, message);
        return;
      case 'swim':
        if (this.facts.role !== 'relay') break;
        this.#handlers.onSwim(this, message.message);
        return;
      case 'former_gone':
        if (this.facts.role !== 'agent') break;
        this.#handlers.onFormerGone(this);
        return;
      case 'watch':
        if (this.facts.role !== 'agent') break;
        this.#handlers.onWatch(this, message.on);
        return;
    }
    throw new WireError('unexpected_message', `${message.kind} is not allowed here`);
  }

  #handlePong(number: number): void {
    const oldest = this.#oldestPing;
    if (oldest === undefined || number < oldest.number) return;
    if (number === oldest.number) this.#pingRttMs = this.#nowMs() - oldest.sentMs;
    this.#oldestPing = undefined;
  }
}

/** A key for all sessions of one process; its first two parts have a fixed length. */
export function processOf({ identity, bootId, realm }: SessionFacts): string {
  return Buffer.concat([identity, bootId]).toString('latin1') + realm;
}
