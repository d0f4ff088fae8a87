import { Attacher, type FirstRecord } from '../attach/attacher.js';
import type { Refusal } from '../attach/refusals.js';
import { TunnelError } from '../errors.js';
import { flowRecord } from '../flow/record-flow.js';
import type { Ending } from '../lifecycle.js';
import { clockJumpMs, responderExtraMs, windowMsMax } from '../limits.js';
import type { PathClosed } from '../observations.js';
import type { RespondOptions, TunnelOptions } from '../options.js';
import type { Path } from '../paths/path.js';
import { reasonFromNumber, reasonFromPathCode } from '../reasons.js';
import type { TunnelRecord } from '../record-codec.js';
import { isEnded, permissions } from '../state.js';
import { Endings } from './endings.js';
import { TunnelParts } from './parts.js';
import { Timers } from './timers.js';

/**
 * The transitions of a tunnel: what records, paths and time do to the stream (`flow`), the state (`life`) and the search for
 * another path. `Tunnel` documents the inputs and keeps callers from giving them out of order.
 */
export class TunnelCore {
  readonly parts: TunnelParts;
  readonly endings: Endings;
  readonly #timers: Timers;
  readonly #ticktimeSeconds: number;
  /** What this side says in READY: 0 doesn't resume. */
  readonly #windowMs: number;
  #relays: readonly string[] = [];
  #peerTicktimeSeconds = 0;

  /**
   * @param options - see {@link TunnelOptions} and {@link RespondOptions}.
   * @param path - the first.
   * @param nowMs - monotonic time.
   */
  constructor(options: TunnelOptions & Partial<RespondOptions>, path: Path, nowMs: number) {
    this.parts = new TunnelParts(options, path, nowMs);
    this.endings = new Endings(this.parts);
    this.#timers = new Timers(this.parts, this.endings);
    this.#windowMs = options.resumes === false || options.protocol === 1 ? 0 : this.parts.limits.windowMs;
    this.#ticktimeSeconds = options.ticktimeSeconds ?? 0;
  }

  /** The path of a number; `undefined` when it is gone or the tunnel is closed. */
  find(pathId: number): Path | undefined {
    return this.parts.life.state === 'closed' ? undefined : this.parts.paths.find(pathId);
  }

  /** @throws TunnelError only for what the caller did: a path's own failure costs the path, or the tunnel. */
  handleAnswer(path: Path, answer: Uint8Array, nowMs: number): void {
    if (path !== this.parts.first) {
      this.parts.attacher?.handleAnswer(path, answer);
      return;
    }
    this.#guard(nowMs, () => {
      path.handleAnswer(answer);
      this.parts.life.advance('confirming');
      this.#sealReady(path);
    });
  }

  respondAttach(offer: Uint8Array, nowMs: number): { readonly pathId: number; readonly answer: Uint8Array } {
    if (this.parts.attacher === undefined || this.parts.role !== 'responder' || !this.parts.mayResume) {
      throw new TunnelError('not_attachable', 'the tunnel takes no attaches');
    }
    return this.parts.attacher.respond(offer, () => this.parts.flow.receive.attach(), nowMs);
  }

  handleData(path: Path, bytes: Uint8Array, nowMs: number): void {
    if (path === this.parts.paths.active) this.#noticeSleep(nowMs);
    if (this.parts.life.state === 'closed') return;
    this.#guard(nowMs, () => {
      if (path === this.parts.paths.active) this.#read(path, bytes, nowMs);
      else this.#readPending(path, bytes, nowMs);
    });
    this.#refresh(nowMs);
  }

  poll(path: Path, nowMs: number): Uint8Array[] | undefined {
    if (path.ownHalfEnded) return undefined;
    if (path !== this.parts.paths.active) return path.take();
    try {
      const { state } = this.parts.life;
      if (state === 'open' || state === 'draining') {
        for (const record of this.parts.flow.next(nowMs)) path.seal(record);
      }
      const { endDue } = this.parts.life;
      if (endDue !== undefined && (state === 'closing' || this.parts.flow.send.drained)) {
        path.seal(endDue);
        this.parts.life.handleEndSent(nowMs);
        this.endings.endOwnHalf(path, nowMs);
      }
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      this.endings.abort({ reason: error.endReason, text: error.message }, error.pathCode, nowMs);
    }
    this.#refresh(nowMs);
    return path.take();
  }

  handlePathEnd(path: Path, nowMs: number): void {
    path.peerHalfEnded = true;
    this.#guard(nowMs, () => {
      const { state, peerEnded } = this.parts.life;
      if (path !== this.parts.paths.active) this.parts.attacher?.drop(path, 'ok');
      else if (path.ownHalfEnded) this.endings.handleBothHalvesEnded(nowMs);
      else if (state === 'closing' && (peerEnded || !this.parts.mayResume)) return;
      else this.endings.lose({ reason: 'path_ended', text: 'the path ended without END', code: 'ok' }, nowMs);
    });
  }

  handlePathClosed(path: Path, closed: PathClosed, nowMs: number): void {
    const code = 'code' in closed ? closed.code : '';
    this.#guard(nowMs, () => {
      if (path !== this.parts.paths.active) this.#handleRefused(path, closed, nowMs);
      else if (this.parts.life.isUnproven)
        this.endings.vanish({ reason: reasonFromPathCode(code), text: '' }, nowMs);
      else if (code === '') this.endings.lose({ reason: 'path_lost', text: '' }, nowMs);
      else this.endings.lose({ reason: 'path_reset', text: `path reset: ${code}` }, nowMs);
    });
  }

  handleHint(nowMs: number): void {
    this.#guard(nowMs, () => {
      if (this.parts.mayResume && this.parts.attacher?.handleHint(nowMs))
        this.parts.flow.liveness?.ask(nowMs);
    });
  }

  setRelays(relays: readonly string[]): void {
    this.#relays = relays;
    if (this.parts.attacher !== undefined) this.parts.flow.tellRelays(relays);
  }

  handleLocalReady(nowMs: number): void {
    this.#guard(nowMs, () => {
      this.#sealReady(this.parts.first);
      this.#becomeUp(nowMs);
    });
  }

  /** @throws TunnelError `bad_state` when the ring is far above its bound, or after its end. */
  write(bytes: Uint8Array, nowMs: number): void {
    try {
      this.parts.flow.send.write(bytes);
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      if (error.code === 'bad_state') throw error;
      this.endings.fail(error, nowMs);
    }
    this.#refresh(nowMs);
  }

  end(ending: Ending, nowMs: number): void {
    if (this.parts.first.established === undefined) this.endings.abort(ending, 'ok', nowMs);
    else this.endings.close(ending, nowMs);
  }

  handleTimeout(nowMs: number): void {
    const { due } = this.#timers;
    if (due !== undefined && nowMs >= due.atMs) this.#guard(nowMs, () => this.#timers.run(due.atMs, nowMs));
  }

  pollTimeout(): Timers['due'] {
    return this.#timers.due;
  }

  /** What has come while this process slept may be read before its timers run, and is no sign of life now. */
  #noticeSleep(nowMs: number): void {
    const { due } = this.#timers;
    if (due !== undefined && nowMs - due.atMs > clockJumpMs) this.handleTimeout(nowMs);
  }

  #read(path: Path, bytes: Uint8Array, nowMs: number): void {
    if (path.isBroken) return;
    if (this.parts.life.state !== 'answering' && this.parts.life.receivingState === undefined) return;
    path.push(bytes);
    if (this.parts.life.state === 'answering' && path.established) this.parts.life.advance('confirming');
    this.#readRecords(path, nowMs);
  }

  #readPending(path: Path, bytes: Uint8Array, nowMs: number): void {
    const first = this.parts.attacher?.read(path, bytes);
    if (first === undefined) return;
    if (first.kind === 'gone') {
      this.endings.vanish({ reason: reasonFromNumber(first.code), text: first.text, byPeer: true }, nowMs);
      return;
    }
    this.#commit(path, first, nowMs);
    this.#readRecords(path, nowMs);
  }

  #readRecords(path: Path, nowMs: number): void {
    while (this.parts.life.receivingState !== undefined) {
      const record = path.next();
      if (record === undefined) return;
      this.parts.flow.liveness?.handleValid(nowMs);
      const isAnswer = this.#handleRecord(record, nowMs);
      const attacher = this.parts.attacher;
      if (attacher?.isLooking || attacher?.isUnsettled) this.#handleSignOfLife(attacher, isAnswer, nowMs);
    }
  }

  /** @returns whether the record answers the last PING */
  #handleRecord(record: TunnelRecord, nowMs: number): boolean {
    const state = this.parts.life.receivingState;
    if (state === undefined) return false;
    const permission = permissions[record.kind][state];
    if (permission === 'refuse') {
      throw new TunnelError('unexpected_record', `${record.kind} in state ${state}`);
    }
    if (permission === 'drop') return false;
    if (record.kind === 'ready') {
      this.#handleReady(record, nowMs);
      return false;
    }
    this.parts.peerIsUp = true;
    if (record.kind === 'end') {
      this.endings.close({ reason: reasonFromNumber(record.code), text: record.text, byPeer: true }, nowMs);
    } else if (record.kind === 'relays') {
      if (this.parts.attacher !== undefined) this.parts.attacher.hints = record.relays;
      if (!isEnded(state)) this.parts.outputs.push({ kind: 'peer_relays', relays: record.relays });
    } else {
      const isAnswer = this.parts.flow.handle(flowRecord(record), nowMs);
      if (record.kind === 'ack') this.parts.life.handleProgress(nowMs);
      return isAnswer;
    }
    return false;
  }

  /** A valid record has come on the active path while another one is looked for, or since one was found. */
  #handleSignOfLife(attacher: Attacher, isAnswer: boolean, nowMs: number): void {
    const pathId = this.parts.paths.active?.id;
    if (pathId === undefined) return;
    if (attacher.isLooking) {
      if (attacher.needsPong && !isAnswer) return;
      attacher.keepOldPath(nowMs);
      this.parts.life.renewDeadline(nowMs);
      if (!isEnded(this.parts.life.state)) this.parts.outputs.push({ kind: 'resumed', pathId });
    }
    attacher.observe(this.parts.offsets);
    if (isAnswer) attacher.handlePong(nowMs);
  }

  #handleReady(ready: Extract<TunnelRecord, { kind: 'ready' }>, nowMs: number): void {
    this.#peerTicktimeSeconds = ready.ticktimeSeconds;
    this.parts.flow.send.open(ready.edge);
    this.#agreeOnResuming(ready.windowMs);
    if (this.parts.role === 'initiator') {
      this.#becomeUp(nowMs);
      return;
    }
    this.parts.life.advance('confirmed', nowMs + this.parts.limits.establishTimeoutMs);
    const { tunnelId } = this.parts.first.established!;
    this.parts.outputs.push({ kind: 'confirmed', tunnelId, peerTicktimeSeconds: ready.ticktimeSeconds });
  }

  #agreeOnResuming(peerWindowMs: number): void {
    const { attachKeys: keys, peerBootId } = this.parts.first.established!;
    if (keys === undefined) return;
    if (this.#windowMs === 0 || peerWindowMs === 0) {
      keys.wipe();
      return;
    }
    const initiatorsMs =
      this.parts.role === 'initiator' ? this.#windowMs : Math.min(peerWindowMs, windowMsMax);
    const windowMs = this.parts.role === 'initiator' ? initiatorsMs : initiatorsMs + responderExtraMs;
    const { role, outputs } = this.parts;
    this.parts.attacher = new Attacher({
      role,
      keys,
      windowMs,
      peerBootId,
      outputs,
      paths: this.parts.paths,
    });
    this.parts.life.answerEnd();
    if (this.#relays.length > 0) this.parts.flow.tellRelays(this.#relays);
  }

  #becomeUp(nowMs: number): void {
    const resumes = this.parts.attacher !== undefined;
    this.parts.life.advance('open');
    this.parts.flow.start(nowMs, resumes);
    const { tunnelId, peerBootId } = this.parts.first.established!;
    const peerTicktimeSeconds = this.#peerTicktimeSeconds;
    this.parts.outputs.push({ kind: 'up', tunnelId, peerTicktimeSeconds, peerBootId, resumes });
  }

  #sealReady(path: Path): void {
    const { edge } = this.parts.flow.receive;
    path.seal({ kind: 'ready', ticktimeSeconds: this.#ticktimeSeconds, edge, windowMs: this.#windowMs });
  }

  /** The first sealed record of the peer came on a pending path: it carries the tunnel now, and older ones are not read any more. */
  #commit(path: Path, record: FirstRecord, nowMs: number): void {
    if (record.kind !== 'attach' || this.parts.attacher === undefined)
      throw new TunnelError('internal', record.kind);
    this.parts.attacher.commit(path, this.parts.offsets, nowMs);
    if (this.parts.role === 'initiator') path.seal(this.parts.flow.receive.attach());
    this.parts.peerIsUp = true;
    this.parts.flow.switchPath(nowMs);
    if (this.#relays.length > 0) this.parts.flow.tellRelays(this.#relays);
    this.parts.life.handleNewPath(nowMs);
    if (!isEnded(this.parts.life.state)) this.parts.outputs.push({ kind: 'resumed', pathId: path.id });
    this.parts.flow.send.handleAttach(record);
    this.parts.attacher.observe(this.parts.offsets);
  }

  handleHintRefused(refusal: Refusal, nowMs: number): void {
    if (this.parts.role !== 'responder' || !this.parts.attacher?.isRefused(refusal, nowMs)) return;
    this.endings.vanish({ reason: 'unknown_tunnel', text: '' }, nowMs);
  }

  #handleRefused(path: Path, closed: PathClosed, nowMs: number): void {
    if (this.parts.attacher?.handleClosed(path, closed, nowMs)) {
      this.endings.vanish({ reason: 'unknown_tunnel', text: '' }, nowMs);
    }
  }

  /** Runs what a peer can make fail; a failure ends the tunnel. */
  #guard(nowMs: number, step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.endings.fail(TunnelError.from(thrown), nowMs);
    }
  }

  #refresh(nowMs: number): void {
    const { state, endSent } = this.parts.life;
    if (state === 'closing' || state === 'closed') return;
    this.parts.flow.watch(endSent && this.parts.attacher !== undefined, nowMs);
    if (state !== 'draining') this.parts.flow.regulate();
  }
}
