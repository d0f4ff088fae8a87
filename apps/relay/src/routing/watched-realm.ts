import { presenceLeaveMs, presenceNamesPerTurn } from './limits.js';

/** What has changed in the picture of a realm; no name is in both. */
export interface PictureChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/**
 * The names of one realm as watchers are told of them. A name joins when somebody has it or it is kept for its identity, and has left when that was
 * so of nobody for `presenceLeaveMs`: an owner that goes from one session or relay to another is not told of.
 */
export class WatchedRealm {
  /** Names that watchers have been told of; iterating goes on with what is added meanwhile. */
  readonly told: Set<string>;
  /** Names that nobody has, and since when; in that order. */
  readonly #absent = new Map<string, number>();

  constructor(names: Iterable<string>) {
    this.told = new Set(names);
  }

  /** Looks at names that were touched, and at those that nobody had for long enough; `isThere` is how things are now. */
  update(touched: readonly string[], isThere: (name: string) => boolean, nowMs: number): PictureChange {
    const joined: string[] = [];
    const left: string[] = [];
    for (const name of touched) {
      if (isThere(name)) {
        this.#absent.delete(name);
        if (this.told.has(name)) continue;
        this.told.add(name);
        joined.push(name);
      } else if (this.told.has(name) && !this.#absent.has(name)) this.#absent.set(name, nowMs);
    }
    for (const [name, sinceMs] of this.#absent) {
      if (nowMs - sinceMs < presenceLeaveMs || left.length >= presenceNamesPerTurn) break;
      this.#absent.delete(name);
      if (isThere(name)) continue;
      this.told.delete(name);
      left.push(name);
    }
    return { joined, left };
  }

  /** When a name may have left, undefined when there is none. */
  pollTimeout(): number | undefined {
    const [sinceMs] = this.#absent.values();
    return sinceMs === undefined ? undefined : sinceMs + presenceLeaveMs;
  }
}
