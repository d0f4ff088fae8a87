import type { Refusal } from './attach/refusals.js';
import { TunnelCore } from './core/tunnel-core.js';
import { TunnelError } from './errors.js';
import { decodeOffer, encodeOffer, offeredVersions } from './handshake/offer.js';
import { relaysMax } from './limits.js';
import type { PathClosed, TimeoutReason, TunnelMetrics } from './observations.js';
import {
  handshakeOptions,
  type RespondOptions,
  requireBootId,
  requireOptions,
  type TunnelOptions,
} from './options.js';
import type { TunnelOutput } from './outputs.js';
import { Path } from './paths/path.js';
import type { EndReason } from './reasons.js';
import { isRelayText } from './record-codec.js';
import { isEnded, type TunnelState } from './state.js';

/**
 * One tunnel: a sealed, ordered, flow-controlled byte stream in both directions between two local sockets, over paths
 * the shell provides, one after the other. Pure: bytes and time come in, outputs and path bytes are polled.
 *
 * Call order: any input, then `pollOutput` until `undefined`, then `pollPath` of each path while it takes bytes (and
 * `pollOutput` again after it), then a timer for `pollTimeout`. `pollPath` is called again when a path takes bytes
 * again; what it has not been asked for is not sealed, so the path's back-pressure reaches the local socket.
 *
 *     initiator                                            responder
 *     Tunnel.initiate, `offer` ─────── OPEN ─────────────▶ Tunnel.respond
 *     handleAnswer(0) ◀─────────────── OPEN_OK ─────────── `answer`
 *     Noise message 2, READY ────────────────────────────▶ `confirmed`: the local node is connected
 *     `up` ◀──────────────────────────────────────── READY localReady, `up`
 *     DATA, ACK, FIN, PING, PONG ◀───────────────────────▶
 *     `detached` when the path is lost                     `detached`
 *     `open_path` ──────────────────── OPEN ─────────────▶ respondAttach: `answer`
 *     handleAnswer, `resumed` ◀─────── OPEN_OK, ATTACH ───
 *     ATTACH, DATA … ────────────────────────────────────▶ `resumed`
 *     END, end of the path ◀─────────────────────────────▶ `ended`, `closed`
 *
 * Paths have numbers, 0 is the first. Inputs and polls for a path that is gone do nothing.
 */
export class Tunnel {
  /** Which side this is, for the tunnel's life. */
  readonly role: 'initiator' | 'responder';
  readonly #core: TunnelCore;

  private constructor(core: TunnelCore) {
    this.#core = core;
    this.role = core.parts.role;
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
    return new Tunnel(new TunnelCore(options, Path.initiate(handshakeOptions(options, 'initiator')), nowMs));
  }

  /**
   * Answers an offer; the {@link answer} goes into OPEN_OK. Takes a few milliseconds: the shell bounds pending
   * handshakes and slows down who asks too often.
   *
   * @param options - see {@link RespondOptions}.
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_offer` (also for an attach), `version_unsupported` or `decrypt_failed`: refuse the OPEN with
   *   `pathCode`; `bad_option`, or `internal` when the random source misbehaves.
   */
  static respond(options: RespondOptions, offer: Uint8Array, nowMs: number): Tunnel {
    requireOptions(options);
    requireBootId(options.bootId);
    const own = { ...handshakeOptions(options, 'responder'), bootId: options.bootId };
    return new Tunnel(new TunnelCore(options, Path.respond(own, offer), nowMs));
  }

  /**
   * Which tunnel an OPEN is for.
   *
   * @param offer - from OPEN.
   * @returns `undefined` when it is for a new one: `Tunnel.respond`. Else, for an `attach`, the living tunnel of this id
   *   answers by {@link respondAttach}, or the tombstones do. A `hint` is for the initiator of that id: {@link handleHint};
   *   the OPEN is refused with `ok`, or with `unknown_tunnel` when there is none. Nothing of it is proven.
   * @throws TunnelError `bad_offer`.
   */
  static readAttachOffer(
    offer: Uint8Array,
  ): { readonly kind: 'attach' | 'hint'; readonly tunnelId: Uint8Array; readonly epoch: number } | undefined {
    const decoded = decodeOffer(offer);
    if (decoded.kind !== 'attach' && decoded.kind !== 'hint') return undefined;
    return { kind: decoded.kind, tunnelId: decoded.tunnelId, epoch: decoded.epoch };
  }

  /**
   * What the initiator puts into OPEN.
   *
   * @throws TunnelError `bad_state` at the responder.
   */
  get offer(): Uint8Array {
    const { offer } = this.#core.parts.first;
    if (offer !== undefined) return offer;
    throw new TunnelError('bad_state', 'a responder has no offer');
  }

  /**
   * Responder: what goes into the OPEN that `send_hint` asks for.
   *
   * @throws TunnelError `bad_state` before the handshake is through.
   */
  get hintOffer(): Uint8Array {
    const { tunnelId } = this;
    if (tunnelId === undefined) throw new TunnelError('bad_state', 'no tunnel to hint at');
    return encodeOffer({ kind: 'hint', versions: offeredVersions, epoch: 0, tunnelId });
  }

  /**
   * What the responder puts into OPEN_OK.
   *
   * @throws TunnelError `bad_state` at the initiator.
   */
  get answer(): Uint8Array {
    const { answer } = this.#core.parts.first;
    if (answer !== undefined) return answer;
    throw new TunnelError('bad_state', 'an initiator has no answer');
  }

  /** Where the tunnel stands. */
  get state(): TunnelState {
    return this.#core.parts.state;
  }

  /** 32 bytes; `undefined` until the handshake is through. */
  get tunnelId(): Uint8Array | undefined {
    return this.#core.parts.first.established?.tunnelId;
  }

  /** Counters, as of now. */
  get metrics(): TunnelMetrics {
    return this.#core.parts.metrics;
  }

  /**
   * Initiator: the answer of OPEN_OK. The path is open from now on. For the first path a peer with another cookie, realm
   * or name ends the tunnel `decrypt_failed`, with `reset_path` of that code; for another one only the path.
   *
   * @param pathId - 0, or from `open_path`.
   * @param answer - from OPEN_OK.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` at the responder or for a second answer.
   */
  handleAnswer(pathId: number, answer: Uint8Array, nowMs: number): void {
    if (this.role !== 'initiator') throw new TunnelError('bad_state', 'answer at the responder');
    const path = this.#core.find(pathId);
    if (path?.established !== undefined)
      throw new TunnelError('bad_state', `second answer on path ${pathId}`);
    if (path !== undefined) this.#core.handleAnswer(path, answer, nowMs);
  }

  /**
   * Responder: an OPEN with an attach offer for this tunnel. The path's first bytes are polled by `pollPath` at once.
   *
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @returns the number of the path, and what goes into OPEN_OK.
   * @throws TunnelError `not_attachable`, `stale_epoch`, `bad_offer`, `version_unsupported` or `decrypt_failed`: refuse the
   *   OPEN with `pathCode`. The tunnel is as before.
   */
  respondAttach(offer: Uint8Array, nowMs: number): { readonly pathId: number; readonly answer: Uint8Array } {
    return this.#core.respondAttach(offer, nowMs);
  }

  /**
   * Bytes of a path.
   *
   * @param pathId - which.
   * @param bytes - any part of the stream, in order; belong to the tunnel from now on.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` before the answer.
   */
  handlePathData(pathId: number, bytes: Uint8Array, nowMs: number): void {
    const path = this.#core.find(pathId);
    if (path === undefined) return;
    if (path.established === undefined && path.offer !== undefined) {
      throw new TunnelError('bad_state', 'path data before the answer');
    }
    this.#core.handleData(path, bytes, nowMs);
  }

  /**
   * The records to put on a path now; call it only while the path takes bytes. Control goes before data, and one
   * call returns at most one record of data (64 KiB), so that a blocked path blocks the tunnel, not memory.
   *
   * @param pathId - which.
   * @param nowMs - monotonic time.
   * @returns pieces to be sent in this order, or `undefined` when there is nothing to send.
   */
  pollPath(pathId: number, nowMs: number): Uint8Array[] | undefined {
    const path = this.#core.find(pathId);
    return path === undefined ? undefined : this.#core.poll(path, nowMs);
  }

  /**
   * The peer's half of a path is at its end. Without END before it this is loss, never end of stream.
   *
   * @param pathId - which.
   * @param nowMs - monotonic time.
   */
  handlePathEnd(pathId: number, nowMs: number): void {
    const path = this.#core.find(pathId);
    if (path !== undefined) this.#core.handlePathEnd(path, nowMs);
  }

  /**
   * A path is gone, or its OPEN was refused. Before the peer has proven itself the code is the best there is;
   * afterwards it is not believed, but for `unknown_tunnel` under the conditions of SPEC.md.
   *
   * @param pathId - which.
   * @param closed - the code, or lost.
   * @param nowMs - monotonic time.
   */
  handlePathClosed(pathId: number, closed: PathClosed, nowMs: number): void {
    const path = this.#core.find(pathId);
    if (path !== undefined) this.#core.handlePathClosed(path, closed, nowMs);
  }

  /**
   * Initiator: the peer says by another way that it waits, or the shell has a session again: the next try for a path
   * is made now; while the tunnel has a path, that one is asked by PING. Heeded at most once a second.
   *
   * @param nowMs - monotonic time.
   */
  handleHint(nowMs: number): void {
    this.#core.handleHint(nowMs);
  }

  /**
   * Responder: the hint's OPEN was refused. `unknown_tunnel` is believed under the conditions of SPEC.md, and nothing else.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   */
  handleHintRefused(refusal: Refusal, nowMs: number): void {
    this.#core.handleHintRefused(refusal, nowMs);
  }

  /**
   * Tells the peer which relays this side can be reached over, most preferred first; they replace those told before.
   *
   * @param relays - URLs or what else the peer's relay understands: at most 8 of 1 to 512 printable ASCII characters.
   * @throws TunnelError `bad_option`.
   */
  setRelays(relays: readonly string[]): void {
    if (relays.length > relaysMax || !relays.every(isRelayText)) {
      throw new TunnelError('bad_option', `at most ${relaysMax} relays of printable ASCII`);
    }
    this.#core.setRelays([...relays]);
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
    this.#core.handleLocalReady(nowMs);
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
    this.#core.write(bytes, nowMs);
  }

  /**
   * The local socket's kernel accepted delivered bytes; only then they are acknowledged and the window moves.
   *
   * @param byteCount - how many more, in the order of delivery.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` when more were accepted than delivered.
   */
  handleLocalAccepted(byteCount: number, nowMs: number): void {
    this.#core.parts.flow.receive.accept(byteCount, nowMs);
  }

  /**
   * The local socket half-closed: FIN follows its data, the other direction goes on. A node that closes its socket
   * altogether is `handleLocalClosed`.
   */
  handleLocalEnd(): void {
    if (!isEnded(this.state)) this.#core.parts.flow.send.finish();
  }

  /**
   * The local socket closed: what it wrote is still sent, then END(`beam_closed`). Nothing more is delivered.
   *
   * @param nowMs - monotonic time.
   */
  handleLocalClosed(nowMs: number): void {
    if (isEnded(this.state)) return;
    if (this.#core.parts.life.state === 'open')
      this.#core.parts.life.drain({ reason: 'beam_closed', text: '' }, nowMs);
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
    this.#core.end({ reason, text }, nowMs);
  }

  /**
   * The time `pollTimeout` named has come. Too early is harmless; more than 5 s late means that this process slept,
   * and the peer's silence meanwhile is not held against it.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): void {
    this.#core.handleTimeout(nowMs);
  }

  /** When `handleTimeout` wants to be called, and why; `undefined` when nothing is waited for. */
  pollTimeout(): { readonly atMs: number; readonly why: TimeoutReason } | undefined {
    return this.#core.pollTimeout();
  }

  /** What the shell has to do next, or `undefined`. */
  pollOutput(): TunnelOutput | undefined {
    return this.#core.parts.outputs.poll();
  }
}
