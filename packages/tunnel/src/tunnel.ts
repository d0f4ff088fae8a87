import { TunnelError } from './errors.js';
import { flowRecord, RecordFlow } from './flow/record-flow.js';
import { Lifecycle } from './lifecycle.js';
import { clockJumpMs } from './limits.js';
import type { PathClosed, TimeoutReason, TunnelMetrics } from './observations.js';
import {
  handshakeOptions,
  type RespondOptions,
  requireBootId,
  requireOptions,
  type TunnelLimits,
  type TunnelOptions,
  tunnelLimits,
} from './options.js';
import { OutputQueue, type TunnelOutput } from './outputs.js';
import { Path } from './path.js';
import { type EndReason, reasonFromNumber, reasonFromPathCode } from './reasons.js';
import type { TunnelRecord } from './record-codec.js';
import { isEnded, isReceiving, permissions, type TunnelState } from './state.js';

/**
 * One tunnel: a sealed, ordered, flow-controlled byte stream in both directions between two local sockets, over a path
 * the shell provides. Pure: bytes and time come in, outputs and path bytes are polled.
 *
 * Call order: any input, then `pollOutput` until `undefined`, then `pollPath` while the path takes bytes (and
 * `pollOutput` again after it), then a timer for `pollTimeout`. `pollPath` is called again when the path takes bytes
 * again; what it has not been asked for is not sealed, so the path's back-pressure reaches the local socket.
 *
 *     initiator                                            responder
 *     Tunnel.initiate, `offer` ─────── OPEN ─────────────▶ Tunnel.respond
 *     handleAnswer ◀────────────────── OPEN_OK ─────────── `answer`
 *     Noise message 2, READY ────────────────────────────▶ `confirmed`: the local node is connected
 *     `up` ◀──────────────────────────────────────── READY localReady, `up`
 *     DATA, ACK, FIN, PING, PONG ◀───────────────────────▶
 *     END, end of the path ◀─────────────────────────────▶ `ended`, `closed`
 */
export class Tunnel {
  /** Which side this is, for the tunnel's life. */
  readonly role: 'initiator' | 'responder';
  readonly #path: Path;
  readonly #ticktimeSeconds: number;
  readonly #limits: TunnelLimits;
  readonly #outputs = new OutputQueue();
  readonly #flow: RecordFlow;
  readonly #life: Lifecycle;
  #peerTicktimeSeconds = 0;

  private constructor(options: TunnelOptions, path: Path, nowMs: number) {
    const limits = tunnelLimits(options.limits);
    const initiates = path.offer !== undefined;
    this.role = initiates ? 'initiator' : 'responder';
    this.#path = path;
    this.#limits = limits;
    this.#ticktimeSeconds = options.ticktimeSeconds ?? 0;
    this.#flow = new RecordFlow(limits, this.#outputs);
    this.#life = new Lifecycle({
      state: initiates ? 'offering' : 'answering',
      deadlineMs: nowMs + (initiates ? limits.establishTimeoutMs : limits.confirmTimeoutMs),
      outputs: this.#outputs,
      release: (stage) => this.#release(stage),
    });
  }

  /**
   * Begins a tunnel; its {@link offer} goes into OPEN. Takes a few milliseconds.
   *
   * @param options - see {@link TunnelOptions}.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_option`, or `internal` when the random source misbehaves.
   */
  static initiate(options: TunnelOptions, nowMs: number): Tunnel {
    requireOptions(options);
    return new Tunnel(options, Path.initiate(handshakeOptions(options, 'initiator')), nowMs);
  }

  /**
   * Answers an offer; the {@link answer} goes into OPEN_OK. Takes a few milliseconds: the shell bounds pending
   * handshakes and slows down who asks too often.
   *
   * @param options - see {@link RespondOptions}.
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_offer`, `version_unsupported` or `decrypt_failed`: refuse the OPEN with `pathCode`;
   *   `bad_option`, or `internal` when the random source misbehaves.
   */
  static respond(options: RespondOptions, offer: Uint8Array, nowMs: number): Tunnel {
    requireOptions(options);
    requireBootId(options.bootId);
    const own = { ...handshakeOptions(options, 'responder'), bootId: options.bootId };
    return new Tunnel(options, Path.respond(own, offer), nowMs);
  }

  /**
   * What the initiator puts into OPEN.
   *
   * @throws TunnelError `bad_state` at the responder.
   */
  get offer(): Uint8Array {
    if (this.#path.offer !== undefined) return this.#path.offer;
    throw new TunnelError('bad_state', 'a responder has no offer');
  }

  /**
   * What the responder puts into OPEN_OK.
   *
   * @throws TunnelError `bad_state` at the initiator.
   */
  get answer(): Uint8Array {
    if (this.#path.answer !== undefined) return this.#path.answer;
    throw new TunnelError('bad_state', 'an initiator has no answer');
  }

  /** Where the tunnel stands. */
  get state(): TunnelState {
    return this.#life.state;
  }

  /** 32 bytes; `undefined` until the handshake is through. */
  get tunnelId(): Uint8Array | undefined {
    return this.#path.established?.tunnelId;
  }

  /** Counters, as of now. */
  get metrics(): TunnelMetrics {
    const { send, receive, liveness } = this.#flow;
    return {
      bytesIn: receive.deliveredBytes,
      bytesOut: send.sentBytes,
      recordsIn: this.#path.recordsIn,
      recordsOut: this.#path.recordsOut,
      srttMs: liveness?.srttMs,
      unsentBytes: send.unsentBytes,
      ringBytes: send.ringBytes,
      waitingBytes: receive.waitingBytes,
    };
  }

  /**
   * Initiator: the answer of OPEN_OK. The path is open from now on. A peer with another cookie, realm or name ends the
   * tunnel `decrypt_failed`, with `reset_path` of that code.
   *
   * @param answer - from OPEN_OK.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` at the responder or for a second answer.
   */
  handleAnswer(answer: Uint8Array, nowMs: number): void {
    if (this.state === 'closed') return;
    if (this.role !== 'initiator' || this.state !== 'offering') {
      throw new TunnelError('bad_state', `answer in state ${this.state}`);
    }
    this.#guard(nowMs, () => {
      this.#path.handleAnswer(answer);
      this.#life.advance('confirming');
      this.#sealReady();
    });
  }

  /**
   * Bytes of the path.
   *
   * @param bytes - any part of the stream, in order; belong to the tunnel from now on.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` before the answer.
   */
  handlePathData(bytes: Uint8Array, nowMs: number): void {
    if (this.state === 'offering') throw new TunnelError('bad_state', 'path data before the answer');
    this.#guard(nowMs, () => {
      if (this.state !== 'answering' && !isReceiving(this.state)) return;
      this.#path.push(bytes);
      if (this.state === 'answering' && this.#path.established) this.#life.advance('confirming');
      while (isReceiving(this.state)) {
        const record = this.#path.next();
        if (record === undefined) break;
        this.#flow.liveness?.handleValid(nowMs);
        this.#handleRecord(record, nowMs);
      }
    });
    this.#refresh(nowMs);
  }

  /**
   * The records to put on the path now; call it only while the path takes bytes. Control goes before data, and one
   * call returns at most one record of data (64 KiB), so that a blocked path blocks the tunnel, not memory.
   *
   * @param nowMs - monotonic time.
   * @returns pieces to be sent in this order, or `undefined` when there is nothing to send.
   */
  pollPath(nowMs: number): Uint8Array[] | undefined {
    if (this.state === 'closed' || this.#life.ownHalfEnded) return undefined;
    try {
      if (this.#life.watchesPath) {
        for (const record of this.#flow.next(nowMs)) this.#path.seal(record);
      }
      const { endDue } = this.#life;
      if (endDue !== undefined && (this.state === 'closing' || this.#flow.send.drained)) {
        this.#path.seal(endDue);
        this.#life.endOwnHalf();
      }
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      this.#life.abort({ reason: error.endReason, text: error.message }, error.pathCode);
    }
    this.#refresh(nowMs);
    return this.#path.take();
  }

  /**
   * The peer's half of the path is at its end. Without END before it this is loss, never end of stream.
   *
   * @param _nowMs - monotonic time.
   */
  handlePathEnd(_nowMs: number): void {
    if (this.state !== 'closed') this.#life.handlePathEnd();
  }

  /**
   * The path is gone, or the OPEN was refused. Before the peer has proven itself the code is the best there is;
   * afterwards it is not believed: `relay_lost`.
   *
   * @param closed - the code, or lost.
   * @param _nowMs - monotonic time.
   */
  handlePathClosed(closed: PathClosed, _nowMs: number): void {
    if (this.state === 'closed') return;
    const code = 'code' in closed ? closed.code : '';
    if (this.#life.isUnproven) this.#life.handlePathGone({ reason: reasonFromPathCode(code), text: '' });
    else this.#life.handlePathGone({ reason: 'relay_lost', text: code === '' ? '' : `path reset: ${code}` });
  }

  /**
   * Responder, after `confirmed`: the local node is connected. Ignored when the tunnel has ended meanwhile.
   *
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` in any other state.
   */
  localReady(nowMs: number): void {
    if (isEnded(this.state)) return;
    if (this.state !== 'confirmed') throw new TunnelError('bad_state', `localReady in ${this.state}`);
    this.#guard(nowMs, () => {
      this.#sealReady();
      this.#becomeUp(nowMs);
    });
  }

  /**
   * Bytes of the local socket; ignored after `ended`. They are held until acknowledged.
   *
   * @param bytes - at most 1 MiB; belong to the tunnel from now on. A view keeps its whole buffer in memory.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` after `handleLocalEnd`, or when the ring would be 1 MiB over its bound:
   *   the caller did not stop reading at `pause_local`. Nothing was taken.
   */
  handleLocalData(bytes: Uint8Array, nowMs: number): void {
    if (isEnded(this.state)) return;
    try {
      this.#flow.send.write(bytes);
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      if (error.code === 'bad_state') throw error;
      this.#fail(error, nowMs);
    }
    this.#refresh(nowMs);
  }

  /**
   * The local socket's kernel accepted delivered bytes; only then they are acknowledged and the window moves.
   *
   * @param byteCount - how many more, in the order of delivery.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` when more were accepted than delivered.
   */
  handleLocalAccepted(byteCount: number, nowMs: number): void {
    this.#flow.receive.accept(byteCount, nowMs);
  }

  /**
   * The local socket half-closed: FIN follows its data, the other direction goes on. A node that closes its socket
   * altogether is `handleLocalClosed`.
   */
  handleLocalEnd(): void {
    if (!isEnded(this.state)) this.#flow.send.finish();
  }

  /**
   * The local socket closed: what it wrote is still sent, then END(`beam_closed`). Nothing more is delivered.
   *
   * @param nowMs - monotonic time.
   */
  handleLocalClosed(nowMs: number): void {
    if (isEnded(this.state)) return;
    if (this.state === 'open') this.#life.drain({ reason: 'beam_closed', text: '' }, nowMs);
    else this.end('beam_closed', '', nowMs);
  }

  /**
   * Ends the tunnel at once: END goes before unsent data. Ignored after `ended`, but for what still drains.
   *
   * @param reason - told to the peer, sealed.
   * @param text - for people, at most 1024 bytes of UTF-8; empty: the reason's sentence.
   * @param nowMs - monotonic time.
   */
  end(reason: EndReason, text: string, nowMs: number): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    if (this.#path.established === undefined) this.#life.abort({ reason, text }, 'ok');
    else this.#life.close({ reason, text }, nowMs);
  }

  /**
   * The time `pollTimeout` named has come. Too early is harmless; more than 5 s late means that this process slept,
   * and the peer's silence meanwhile is not held against it.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): void {
    const due = this.pollTimeout();
    if (due === undefined || nowMs < due.atMs) return;
    this.#flow.receive.handleTimeout(nowMs);
    const liveness = this.#life.watchesPath ? this.#flow.liveness : undefined;
    if (liveness !== undefined && nowMs - due.atMs > clockJumpMs) {
      liveness.handleClockJump(nowMs);
      this.#life.handleProgress(nowMs);
    } else if (liveness?.handleTimeout(nowMs) === 'lost') {
      this.#life.abort({ reason: 'relay_lost', text: 'the path fell silent' }, 'timeout');
    }
    if (nowMs >= this.#life.deadlineMs) this.#life.handleDeadline(nowMs);
  }

  /** When `handleTimeout` wants to be called, and why; `undefined` when nothing is waited for. */
  pollTimeout(): { readonly atMs: number; readonly why: TimeoutReason } | undefined {
    if (this.state === 'closed') return undefined;
    const livenessAtMs = this.#life.watchesPath ? this.#flow.liveness?.deadlineMs : undefined;
    const ackAtMs = this.state === 'open' ? this.#flow.receive.ackAtMs : undefined;
    const stateAtMs = this.state === 'open' ? never : this.#life.deadlineMs;
    const atMs = Math.min(stateAtMs, livenessAtMs ?? never, ackAtMs ?? never);
    if (atMs === ackAtMs) return { atMs, why: 'ack' };
    if (atMs === livenessAtMs) return { atMs, why: 'liveness' };
    if (this.state === 'draining') return { atMs, why: 'drain' };
    return { atMs, why: this.state === 'closing' ? 'linger' : 'establish' };
  }

  /** What the shell has to do next, or `undefined`. */
  pollOutput(): TunnelOutput | undefined {
    return this.#outputs.poll();
  }

  #handleRecord(record: TunnelRecord, nowMs: number): void {
    if (!isReceiving(this.state)) return;
    const permission = permissions[record.kind][this.state];
    if (permission === 'refuse') {
      throw new TunnelError('unexpected_record', `${record.kind} in state ${this.state}`);
    }
    if (permission === 'drop') return;
    if (record.kind === 'ready') this.#handleReady(record.ticktimeSeconds, record.edge, nowMs);
    else if (record.kind === 'end') {
      const reason = reasonFromNumber(record.code);
      this.#life.close({ reason, text: record.text, byPeer: true }, nowMs);
    } else {
      this.#flow.handle(flowRecord(record), nowMs);
      if (record.kind === 'ack') this.#life.handleProgress(nowMs);
    }
  }

  #handleReady(ticktimeSeconds: number, edge: number, nowMs: number): void {
    this.#peerTicktimeSeconds = ticktimeSeconds;
    this.#flow.send.open(edge);
    if (this.role === 'initiator') {
      this.#becomeUp(nowMs);
      return;
    }
    this.#life.advance('confirmed', nowMs + this.#limits.establishTimeoutMs);
    const { tunnelId } = this.#path.established!;
    this.#outputs.push({ kind: 'confirmed', tunnelId, peerTicktimeSeconds: ticktimeSeconds });
  }

  #becomeUp(nowMs: number): void {
    this.#life.advance('open');
    this.#flow.start(nowMs);
    const { tunnelId, peerBootId } = this.#path.established!;
    const peerTicktimeSeconds = this.#peerTicktimeSeconds;
    this.#outputs.push({ kind: 'up', tunnelId, peerTicktimeSeconds, peerBootId });
  }

  #sealReady(): void {
    const ticktimeSeconds = this.#ticktimeSeconds;
    this.#path.seal({ kind: 'ready', ticktimeSeconds, edge: this.#flow.receive.edge });
  }

  /** Runs what a peer can make fail; a failure ends the tunnel. */
  #guard(nowMs: number, step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.#fail(TunnelError.from(thrown), nowMs);
    }
  }

  #fail(error: TunnelError, nowMs: number): void {
    if (!this.#life.isUnproven) {
      this.#life.close({ reason: error.endReason, text: error.message }, nowMs);
      return;
    }
    const wrongKey = error.code === 'bad_tag' || error.code === 'decrypt_failed';
    const reason = wrongKey ? 'decrypt_failed' : error.endReason;
    this.#life.abort({ reason, text: error.message }, wrongKey ? 'decrypt_failed' : error.pathCode);
  }

  #release(stage: 'ending' | 'closed'): void {
    this.#flow.send.clear();
    if (stage === 'closed') this.#path.wipe();
  }

  #refresh(nowMs: number): void {
    if (!isEnded(this.state)) this.#flow.refresh(nowMs);
  }
}

const never: number = Number.POSITIVE_INFINITY;
