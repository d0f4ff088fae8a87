import { clockJumpMs } from '../limits.js';
import type { TimeoutReason } from '../observations.js';
import type { Endings } from './endings.js';
import type { TunnelParts } from './parts.js';

/** What a tunnel does because time has passed. */
export class Timers {
  readonly #parts: TunnelParts;
  readonly #endings: Endings;

  /**
   * @param parts - the tunnel's.
   * @param endings - the tunnel's.
   */
  constructor(parts: TunnelParts, endings: Endings) {
    this.#parts = parts;
    this.#endings = endings;
  }

  /** The next time that matters, and why. */
  get due(): { readonly atMs: number; readonly why: TimeoutReason } | undefined {
    const { life, flow, attacher, watched, stateEndMs } = this.#parts;
    if (life.state === 'closed') return undefined;
    const livenessAtMs = Math.min(watched?.deadlineMs ?? never, attacher?.probeAtMs ?? never);
    const ackAtMs = life.state === 'open' ? (flow.receive.ackAtMs ?? never) : never;
    const attachAtMs = attacher?.deadlineMs ?? never;
    const windowAtMs = attacher?.windowEndMs ?? never;
    const atMs = Math.min(stateEndMs, livenessAtMs, ackAtMs, attachAtMs, windowAtMs);
    if (atMs === never) return undefined;
    if (atMs === ackAtMs) return { atMs, why: 'ack' };
    if (atMs === livenessAtMs) return { atMs, why: 'liveness' };
    if (atMs === windowAtMs) return { atMs, why: 'window' };
    if (atMs === attachAtMs) return { atMs, why: 'attach' };
    if (life.state === 'draining') return { atMs, why: 'drain' };
    return { atMs, why: life.state === 'closing' ? 'linger' : 'establish' };
  }

  /**
   * Acts on the time.
   *
   * @param dueAtMs - when this should have been called.
   * @param nowMs - monotonic time.
   */
  run(dueAtMs: number, nowMs: number): void {
    const { flow, life, attacher } = this.#parts;
    flow.receive.handleTimeout(nowMs);
    if (nowMs - dueAtMs > clockJumpMs) this.#handleSleep(nowMs);
    else this.#handleSilence(nowMs);
    if (life.state === 'closed') return;
    if (attacher !== undefined && nowMs >= attacher.windowEndMs) this.#endings.giveUp('window_over', nowMs);
    else if (attacher !== undefined && nowMs >= attacher.deadlineMs) attacher.handleTimeout(nowMs);
    if (nowMs >= this.#parts.stateEndMs) this.#endings.handleDeadline(nowMs);
  }

  #handleSilence(nowMs: number): void {
    const { attacher, flow, watched, mayResume } = this.#parts;
    if (attacher !== undefined && nowMs >= attacher.probeAtMs) {
      attacher.handleProbed();
      flow.liveness?.ask(nowMs);
    }
    if (watched?.handleTimeout(nowMs) !== 'silent') return;
    if (mayResume) this.#endings.look('silent', nowMs);
    else this.#endings.abort({ reason: 'relay_lost', text: 'the path fell silent' }, 'timeout', nowMs);
  }

  /** This process slept: what the peer didn't say meanwhile doesn't count, but the path may be gone. */
  #handleSleep(nowMs: number): void {
    const { life, attacher, watched, mayResume } = this.#parts;
    watched?.handleClockJump(nowMs);
    if (!mayResume) life.handleProgress(nowMs);
    else if (life.state !== 'closing' || attacher?.isLooking) this.#endings.look('slept', nowMs);
  }
}

const never: number = Number.POSITIVE_INFINITY;
