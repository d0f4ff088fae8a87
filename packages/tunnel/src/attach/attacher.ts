import { equalBytes } from '../bytes.js';
import { TunnelError } from '../errors.js';
import { decodeOffer } from '../handshake/offer.js';
import { attachTimeoutMs, hintIntervalMs, pendingAttachesMax } from '../limits.js';
import type { DetachReason, PathClosed } from '../observations.js';
import type { OutputQueue } from '../outputs.js';
import { Path, type PathHandshake } from '../paths/path.js';
import type { PathSet } from '../paths/path-set.js';
import type { PathCode } from '../reasons.js';
import type { TunnelRecord } from '../record-codec.js';
import type { AttachKeys } from './attach-keys.js';
import { type Offsets, Recovery } from './recovery.js';
import { type Refusal, Refusals } from './refusals.js';

/** The first record of an attached path: it commits the path, or says that the tunnel is over. */
export type FirstRecord = Extract<TunnelRecord, { kind: 'attach' | 'gone' }>;

/** What an {@link Attacher} works with. */
export interface AttacherOptions {
  readonly role: 'initiator' | 'responder';
  /** Belong to the attacher from now on. */
  readonly keys: AttachKeys;
  /** From the loss of the path to the end of the tunnel, milliseconds. */
  readonly windowMs: number;
  /** The responder's, at the initiator. */
  readonly peerBootId: Uint8Array | undefined;
  readonly outputs: OutputQueue;
  readonly paths: PathSet;
}

/** What is known when a path is lost. */
export interface Loss {
  readonly reason: DetachReason;
  /** How far the tunnel has come. */
  readonly offsets: Offsets;
  /** Round trip of the path, where known. */
  readonly srttMs: number | undefined;
  /** Whether the shell isn't told: for it the tunnel has ended. */
  readonly isQuiet: boolean;
}

/**
 * The search for another path of a tunnel that resumes: opens paths at the initiator, answers them at the responder, up to
 * the record that commits one. Whatever goes wrong with a pending attach costs that attach only.
 */
export class Attacher {
  /** The peer's relays, as it has told them. */
  hints: readonly string[] = [];
  readonly #options: AttacherOptions;
  readonly #recovery: Recovery;
  readonly #refusals: Refusals;
  #epochTried = 0;
  #epochCommitted = 0;
  #reattachments = 0;
  #needsPong = false;
  #srttMs: number | undefined;
  #hintAtMs = never;

  /**
   * @param options - see {@link AttacherOptions}.
   */
  constructor(options: AttacherOptions) {
    this.#options = options;
    this.#recovery = new Recovery(options.windowMs, options.keys.random);
    this.#refusals = new Refusals(options.peerBootId);
  }

  /** The keys, for a tombstone. */
  get keys(): AttachKeys {
    return this.#options.keys;
  }

  /** Whether a path is looked for. */
  get isLooking(): boolean {
    return this.#recovery.lookingSinceMs !== undefined;
  }

  /** Since when, monotonic milliseconds. */
  get lookingSinceMs(): number | undefined {
    return this.#recovery.lookingSinceMs;
  }

  /** Whether progress since the last loss has not been seen yet. */
  get isUnsettled(): boolean {
    return this.#recovery.isUnsettled;
  }

  /** Whether the old path is alive only when it answers a new PING. */
  get needsPong(): boolean {
    return this.#needsPong;
  }

  /** Number of the last committed attach. */
  get epoch(): number {
    return this.#epochCommitted;
  }

  /** How many attaches have committed. */
  get reattachments(): number {
    return this.#reattachments;
  }

  /** When the window is over, while a path is looked for. */
  get windowEndMs(): number {
    return this.isLooking ? this.#recovery.windowEndMs : never;
  }

  /** When {@link probe} is due: PING shows whether a resumed tunnel is stable. */
  get probeAtMs(): number {
    return this.#recovery.probeAtMs;
  }

  /** When {@link handleTimeout} has something to do. */
  get deadlineMs(): number {
    const pending = this.#options.paths.pending;
    const expiryMs = pending.reduce((atMs, { deadlineMs }) => Math.min(atMs, deadlineMs), never);
    return Math.min(expiryMs, this.#nextAtMs);
  }

  /**
   * The path is lost or doubted: looks for another one, at once.
   *
   * @param loss - see {@link Loss}.
   * @param nowMs - monotonic time.
   * @returns false when the tunnel was resumed too often without progress: it ends.
   */
  begin({ reason, offsets, srttMs, isQuiet }: Loss, nowMs: number): boolean {
    const wasLooking = this.isLooking;
    if (!this.#recovery.begin(offsets, nowMs)) return false;
    if (reason === 'slept') this.#recovery.handleSleep(nowMs);
    if (reason === 'slept' || !wasLooking) this.#needsPong = reason === 'slept';
    if (!wasLooking) {
      this.#srttMs = srttMs;
      this.#hintAtMs = nowMs;
    }
    const isNews = !wasLooking || reason === 'slept';
    if (isNews && !isQuiet) {
      const deadlineMs = this.#recovery.windowEndMs;
      this.#options.outputs.push({ kind: 'detached', reason, deadlineMs });
    }
    this.#act(nowMs);
    return true;
  }

  /**
   * Responder: an OPEN with an attach offer.
   *
   * @param bytes - the offer.
   * @param attachRecord - gives the first record of the path, asked once the offer has turned out to be true.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_offer`, `not_attachable`, `stale_epoch`, `version_unsupported` or `decrypt_failed`; nothing
   *   has changed then.
   */
  respond(
    bytes: Uint8Array,
    attachRecord: () => TunnelRecord,
    nowMs: number,
  ): { readonly pathId: number; readonly answer: Uint8Array } {
    const offer = decodeOffer(bytes);
    if (offer.kind !== 'attach') throw new TunnelError('bad_offer', 'the offer is of a new tunnel');
    const { keys } = this.#options;
    if (!equalBytes(offer.tunnelId, keys.tunnelId)) {
      throw new TunnelError('not_attachable', 'the attach is for another tunnel');
    }
    this.#requireNew(offer.epoch);
    const handshake = keys.respond(offer);
    const path = this.#add(offer.epoch, handshake, nowMs);
    path.seal(attachRecord());
    return { pathId: path.id, answer: handshake.answer };
  }

  /**
   * Initiator: the answer to an offer of ours. One that is none costs the attach.
   *
   * @param path - pending.
   * @param answer - from OPEN_OK.
   */
  handleAnswer(path: Path, answer: Uint8Array): void {
    try {
      path.handleAnswer(answer);
    } catch (thrown) {
      this.drop(path, TunnelError.from(thrown).pathCode);
    }
  }

  /**
   * Bytes of a pending attach. Any that are not the first record costs the attach.
   *
   * @param path - pending.
   * @param bytes - any part of the stream.
   * @returns the first record, or `undefined` when more bytes are needed or the attach is gone.
   */
  read(path: Path, bytes: Uint8Array): FirstRecord | undefined {
    try {
      path.push(bytes);
      const record = path.next();
      if (record === undefined || record.kind === 'attach') return record;
      if (record.kind === 'gone' && this.#options.role === 'initiator') return record;
      throw new TunnelError('unexpected_record', `${record.kind} before ATTACH`);
    } catch (thrown) {
      this.drop(path, TunnelError.from(thrown).pathCode);
      return undefined;
    }
  }

  /**
   * A pending attach is gone, or was refused.
   *
   * @param path - pending.
   * @param closed - the code, or lost.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel may be taken to be gone at the peer.
   */
  handleClosed(path: Path, closed: PathClosed, nowMs: number): boolean {
    this.#options.paths.remove(path);
    return 'code' in closed && this.#refusals.handle(closed, nowMs);
  }

  /**
   * Responder: the initiator's agent refuses a hint.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel may be taken to be gone at the peer.
   */
  isRefused(refusal: Refusal, nowMs: number): boolean {
    return this.isLooking && this.#refusals.handle(refusal, nowMs);
  }

  /**
   * A pending attach commits.
   *
   * @param path - pending.
   * @param offsets - how far the tunnel has come.
   * @param nowMs - monotonic time.
   */
  commit(path: Path, offsets: Offsets, nowMs: number): void {
    const { paths, outputs, role } = this.#options;
    for (const { id } of paths.commit(path)) {
      outputs.push({ kind: 'reset_path', pathId: id, code: 'superseded' });
    }
    if (role === 'initiator') this.dropAll();
    this.#epochCommitted = path.epoch;
    this.#reattachments++;
    this.#refusals.clear();
    this.#hintAtMs = never;
    this.#recovery.begin(offsets, nowMs); // a responder needn't have noticed the loss
    this.#recovery.resume('commit', nowMs);
  }

  /**
   * The old path lives: nothing else is needed. A responder keeps what is pending, for the path may be dead the other way.
   *
   * @param nowMs - monotonic time.
   */
  keepOldPath(nowMs: number): void {
    if (this.#options.role === 'initiator') this.dropAll();
    this.#hintAtMs = never;
    this.#recovery.resume('old_path', nowMs);
  }

  /**
   * Looks for progress after a resumption.
   *
   * @param offsets - how far the tunnel has come.
   */
  observe(offsets: Offsets): void {
    this.#recovery.observe(offsets);
  }

  /**
   * The last PING was answered.
   *
   * @param nowMs - monotonic time.
   */
  handlePong(nowMs: number): void {
    this.#recovery.handlePong(nowMs);
  }

  /** The PING of {@link probeAtMs} was asked for. */
  handleProbed(): void {
    this.#recovery.handleProbed();
  }

  /**
   * Initiator: the peer, or a session of our own, says that a try is worth while.
   *
   * @param nowMs - monotonic time.
   * @returns whether the present path should be asked by PING.
   */
  handleHint(nowMs: number): boolean {
    if (this.#options.role !== 'initiator' || !this.#recovery.handleHint(nowMs)) return false;
    this.#act(nowMs);
    return !this.isLooking;
  }

  /**
   * The time of {@link deadlineMs} has come.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): void {
    for (const path of [...this.#options.paths.pending]) {
      if (path.deadlineMs <= nowMs) this.drop(path, 'timeout');
    }
    this.#act(nowMs);
  }

  /**
   * Gives up a pending attach.
   *
   * @param path - pending.
   * @param code - for `reset_path`.
   */
  drop(path: Path, code: PathCode): void {
    this.#options.paths.remove(path);
    this.#options.outputs.push({ kind: 'reset_path', pathId: path.id, code });
  }

  /** Gives up all pending attaches. */
  dropAll(): void {
    for (const path of [...this.#options.paths.pending]) this.drop(path, 'superseded');
  }

  get #nextAtMs(): number {
    if (!this.isLooking) return never;
    if (this.#options.role === 'responder') return this.#hintAtMs;
    const { length } = this.#options.paths.pending;
    return this.#recovery.nextTryMs({ count: length, srttMs: this.#srttMs });
  }

  /** Does what is due: a try at the initiator, a hint at the responder. */
  #act(nowMs: number): void {
    if (nowMs < this.#nextAtMs || nowMs >= this.windowEndMs) return;
    if (this.#options.role === 'initiator') {
      this.#openPath(nowMs);
    } else {
      this.#hintAtMs = nowMs + hintIntervalMs;
      this.#options.outputs.push({ kind: 'send_hint' });
    }
  }

  #openPath(nowMs: number): void {
    this.#recovery.handleTry(nowMs);
    const handshake = this.#options.keys.initiate(++this.#epochTried);
    const { id } = this.#add(this.#epochTried, handshake, nowMs);
    const { offer } = handshake;
    this.#options.outputs.push({ kind: 'open_path', pathId: id, offer, hints: this.hints });
  }

  #add(epoch: number, handshake: PathHandshake, nowMs: number): Path {
    const { paths, outputs } = this.#options;
    const path = new Path({ id: paths.takeId(), epoch, deadlineMs: nowMs + attachTimeoutMs }, handshake);
    const dropped = paths.add(path);
    if (dropped !== undefined) outputs.push({ kind: 'reset_path', pathId: dropped.id, code: 'superseded' });
    return path;
  }

  #requireNew(epoch: number): void {
    const { pending } = this.#options.paths;
    const isKnown = epoch <= this.#epochCommitted || pending.some((path) => path.epoch === epoch);
    if (isKnown || (pending.length >= pendingAttachesMax && epoch < pending[0]!.epoch)) {
      throw new TunnelError('stale_epoch', `attach ${epoch} after ${this.#epochCommitted}`);
    }
  }
}

const never: number = Number.POSITIVE_INFINITY;
