import type { TunnelError } from '../errors.js';
import type { Ending } from '../lifecycle.js';
import type { DetachReason } from '../observations.js';
import type { Path } from '../paths/path.js';
import type { PathCode } from '../reasons.js';
import { isEnded } from '../state.js';
import type { TunnelParts } from './parts.js';

/** What the loss of the active path means. */
export interface PathLoss {
  /** Where the tunnel resumes. */
  readonly reason: DetachReason;
  /** Where it doesn't, for people. */
  readonly text: string;
  /** To reset the path with, where it is still there. */
  readonly code?: PathCode;
}

/** How a tunnel loses its path, and how it ends. */
export class Endings {
  readonly #parts: TunnelParts;

  /**
   * @param parts - the tunnel's.
   */
  constructor(parts: TunnelParts) {
    this.#parts = parts;
  }

  /**
   * The active path is lost: another one is looked for, or the tunnel ends.
   *
   * @param loss - see {@link PathLoss}.
   * @param nowMs - monotonic time.
   */
  lose({ reason, text, code }: PathLoss, nowMs: number): void {
    const { paths, life, outputs, role, mayResume, peerIsUp } = this.#parts;
    const path = paths.active;
    if (path === undefined) return;
    const resumes = mayResume && peerIsUp;
    // A responder that can't read the path doesn't see the answer to its END; its tombstone tells whoever asks.
    const isDone = resumes && (life.isOver || (path.isBroken && life.endSent && role === 'responder'));
    if (code === undefined) paths.remove(path);
    if (isDone) this.#finish(nowMs, code);
    else if (!resumes) this.abort({ reason: 'relay_lost', text }, code ?? 'ok', nowMs);
    else {
      if (code !== undefined) {
        paths.remove(path);
        outputs.push({ kind: 'reset_path', pathId: path.id, code });
      }
      this.look(reason, nowMs);
    }
  }

  /**
   * The active path is lost or doubted: looks for another one.
   *
   * @param reason - why.
   * @param nowMs - monotonic time.
   */
  look(reason: DetachReason, nowMs: number): void {
    const srttMs = this.#parts.flow.liveness?.srttMs;
    const loss = { reason, offsets: this.#parts.offsets, srttMs, isQuiet: isEnded(this.#parts.life.state) };
    if (this.#parts.attacher?.begin(loss, nowMs) === false) this.giveUp('no_progress', nowMs);
  }

  /**
   * The state's deadline has passed.
   *
   * @param nowMs - monotonic time.
   */
  handleDeadline(nowMs: number): void {
    switch (this.#parts.life.state) {
      case 'offering':
      case 'answering':
      case 'confirming':
        this.abort({ reason: 'timeout', text: '' }, 'timeout', nowMs);
        return;
      case 'confirmed':
        this.close({ reason: 'timeout', text: '' }, nowMs);
        return;
      case 'draining':
        if (this.#parts.life.endSent) {
          this.#handleEndUnanswered(nowMs);
          return;
        }
        this.#parts.life.giveUpDraining(nowMs);
        this.#parts.flow.send.clear();
        return;
      case 'closing':
        this.#handleEndUnanswered(nowMs);
        return;
      case 'open':
      case 'closed':
        return;
    }
  }

  #handleEndUnanswered(nowMs: number): void {
    if (this.#parts.mayResume && !this.#parts.life.isOver) {
      this.lose({ reason: 'silent', text: '', code: 'timeout' }, nowMs);
    } else this.#finish(nowMs, 'ok');
  }

  /**
   * This side's half of a path is over, behind what was sealed.
   *
   * @param path - the active one.
   * @param nowMs - monotonic time.
   */
  endOwnHalf(path: Path, nowMs: number): void {
    path.ownHalfEnded = true;
    this.#parts.outputs.push({ kind: 'end_path', pathId: path.id });
    if (path.peerHalfEnded) this.handleBothHalvesEnded(nowMs);
  }

  /**
   * Both halves of the active path are over.
   *
   * @param nowMs - monotonic time.
   */
  handleBothHalvesEnded(nowMs: number): void {
    if (!this.#parts.mayResume || this.#parts.life.isOver) this.#finish(nowMs);
    else this.lose({ reason: 'path_ended', text: 'the path ended without END', code: 'ok' }, nowMs);
  }

  /**
   * Something failed that a peer or a path can make fail: the tunnel ends.
   *
   * @param error - what.
   * @param nowMs - monotonic time.
   */
  fail(error: TunnelError, nowMs: number): void {
    if (this.#parts.life.isUnproven) {
      const wrongKey = error.code === 'bad_tag' || error.code === 'decrypt_failed';
      const reason = wrongKey ? 'decrypt_failed' : error.endReason;
      this.abort({ reason, text: error.message }, wrongKey ? 'decrypt_failed' : error.pathCode, nowMs);
    } else if (this.#parts.life.state !== 'closing' && this.#parts.life.state !== 'closed') {
      this.close({ reason: error.endReason, text: error.message }, nowMs);
    }
  }

  /**
   * The tunnel ends: END is told, or was.
   *
   * @param ending - why.
   * @param nowMs - monotonic time.
   */
  close(ending: Ending, nowMs: number): void {
    const { life, flow, paths } = this.#parts;
    life.close(ending, nowMs);
    flow.send.clear();
    const path = paths.active;
    if (path !== undefined && !path.ownHalfEnded && life.endDue === undefined) this.endOwnHalf(path, nowMs);
  }

  /**
   * No other path was found.
   *
   * @param reason - why the search ends.
   * @param nowMs - monotonic time.
   */
  giveUp(reason: 'no_progress' | 'window_over', nowMs: number): void {
    this.abort({ reason, text: '' }, 'timeout', nowMs);
  }

  /**
   * The tunnel ends now, and its paths are given up with it.
   *
   * @param ending - not told to the peer.
   * @param code - for `reset_path` of the active one.
   * @param nowMs - monotonic time.
   */
  abort(ending: Ending, code: PathCode, nowMs: number): void {
    this.#parts.life.putOutEnded(ending);
    this.#finish(nowMs, code);
  }

  /**
   * The path says that there is no tunnel, or none any more.
   *
   * @param ending - why.
   * @param nowMs - monotonic time.
   */
  vanish(ending: Ending, nowMs: number): void {
    const { paths } = this.#parts;
    if (paths.active !== undefined) paths.remove(paths.active);
    this.abort(ending, 'ok', nowMs);
  }

  /** @param code for a path that is still there; undefined when it is over */
  #finish(nowMs: number, code?: PathCode): void {
    const { life, flow, paths, outputs, attacher } = this.#parts;
    if (life.state === 'closed') return;
    flow.send.clear();
    flow.receive.release();
    attacher?.dropAll();
    const path = paths.active;
    if (path !== undefined) {
      if (code !== undefined) outputs.push({ kind: 'reset_path', pathId: path.id, code });
      paths.remove(path);
    }
    this.#bury(nowMs);
    life.finish();
  }

  #bury(nowMs: number): void {
    const { first, life, attacher, role, tombstones } = this.#parts;
    const keys = first.established?.attachKeys;
    const { ended } = life;
    if (attacher === undefined || role === 'initiator' || !tombstones || !ended || !keys) keys?.wipe();
    else tombstones.bury({ keys, reason: ended.reason, text: ended.text }, nowMs);
  }
}
