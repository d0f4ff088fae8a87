import { lineLateMs, lineQuietMs, lineSilentMs } from './limits.js';
import type { LinkId } from './types.js';

interface Line {
  heardMs: number;
  /** Since when a PING waits for whatever comes. */
  pingedMs: number | undefined;
  isSilent: boolean;
}

/**
 * Which peerings answer. One that an OPEN shall go over and that was not heard a moment ago is pinged; nothing from it for a second means that
 * it is broken or its relay stands still, whatever else says that the relay lives. The next thing heard makes it whole again.
 */
export class Lines {
  readonly #lines = new Map<LinkId, Line>();
  /** Those whose PING waits and that are not silent yet. */
  readonly #pinged = new Set<LinkId>();
  #silent = 0;

  add(link: LinkId, nowMs: number): void {
    this.#lines.set(link, { heardMs: nowMs, pingedMs: undefined, isSilent: false });
  }

  delete(link: LinkId): void {
    this.noteHeard(link, 0);
    this.#lines.delete(link);
  }

  noteHeard(link: LinkId, nowMs: number): void {
    const line = this.#lines.get(link);
    if (line === undefined) return;
    line.heardMs = nowMs;
    if (line.pingedMs === undefined) return;
    line.pingedMs = undefined;
    this.#pinged.delete(link);
    if (line.isSilent) this.#silent--;
    line.isSilent = false;
  }

  /** An OPEN goes over it, or would if it answered. Gives whether it must be pinged for that. */
  use(link: LinkId, nowMs: number): boolean {
    const line = this.#lines.get(link);
    if (line === undefined || nowMs - line.heardMs <= lineQuietMs) return false;
    if (line.pingedMs !== undefined && !(line.isSilent && nowMs - line.pingedMs >= lineSilentMs))
      return false;
    line.pingedMs = nowMs;
    if (!line.isSilent) this.#pinged.add(link);
    return true;
  }

  /** Nothing came for a second although it was pinged. */
  isSilent(link: LinkId): boolean {
    return this.#lines.get(link)?.isSilent === true;
  }

  /** Whether it has not answered a PING that is so old. */
  isDoubtful(link: LinkId, waitedMs: number, nowMs: number): boolean {
    const line = this.#lines.get(link);
    return line?.isSilent === true || (line?.pingedMs !== undefined && nowMs - line.pingedMs >= waitedMs);
  }

  /** The links that have turned out to be silent. When this relay itself is late, what waits to be read gets its time. */
  handleTimeout(nowMs: number): LinkId[] {
    const silent: LinkId[] = [];
    for (const link of [...this.#pinged]) {
      const line = this.#lines.get(link)!;
      const lateMs = nowMs - line.pingedMs! - lineSilentMs;
      if (lateMs < 0) continue;
      if (lateMs > lineLateMs) {
        line.pingedMs = nowMs - lineSilentMs + lineLateMs;
        continue;
      }
      line.isSilent = true;
      this.#silent++;
      this.#pinged.delete(link);
      silent.push(link);
    }
    return silent;
  }

  /** How many are silent. */
  get silent(): number {
    return this.#silent;
  }

  pollTimeout(): number | undefined {
    let nextMs: number | undefined;
    for (const link of this.#pinged)
      nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, this.#lines.get(link)!.pingedMs! + lineSilentMs);
    return nextMs;
  }
}
