import { relayedProbesMax } from './limits.js';

/** A probe that is made for another member. */
export interface RelayedProbe {
  /** Who asked for it. */
  readonly requester: string;
  /** Its number there. */
  readonly sequence: number;
  /** Who is probed. */
  readonly target: string;
}

interface Waiting extends RelayedProbe {
  /** When the requester is told that there is no answer yet; undefined once it was. */
  nackAtMs: number | undefined;
  readonly untilMs: number;
}

/** Probes that are made for others, by our own numbers. Times are added in order, so the oldest is the first. */
export class RelayedProbes {
  readonly #waiting = new Map<number, Waiting>();
  #nextNackAtMs: number | undefined;

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#waiting.size < relayedProbesMax;
  }

  /** Remembers one under our own number. */
  add(
    own: number,
    probe: RelayedProbe,
    times: { readonly nackAtMs: number; readonly untilMs: number },
  ): void {
    this.#waiting.set(own, { ...probe, ...times });
    this.#nextNackAtMs ??= times.nackAtMs;
  }

  /** Takes out the one that its target answers. */
  take(own: number, fromId: string): RelayedProbe | undefined {
    const probe = this.#waiting.get(own);
    if (probe?.target !== fromId) return undefined;
    this.#waiting.delete(own);
    return probe;
  }

  /** Those whose requesters are to be told now that there is no answer yet; forgets those that are too old. */
  unanswered(nowMs: number): RelayedProbe[] {
    if (this.#nextNackAtMs === undefined || this.#nextNackAtMs > nowMs) return [];
    const due: RelayedProbe[] = [];
    this.#nextNackAtMs = undefined;
    for (const [own, probe] of this.#waiting) {
      if (probe.untilMs <= nowMs) this.#waiting.delete(own);
      if (probe.nackAtMs === undefined) continue;
      if (probe.nackAtMs > nowMs) {
        this.#nextNackAtMs = probe.nackAtMs;
        break;
      }
      probe.nackAtMs = undefined;
      due.push(probe);
    }
    return due;
  }

  /** When somebody is to be told next; may be early. */
  nextAtMs(): number | undefined {
    return this.#nextNackAtMs;
  }

  /** Forgets all. */
  clear(): void {
    this.#waiting.clear();
    this.#nextNackAtMs = undefined;
  }
}
