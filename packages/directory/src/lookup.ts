import type { DirectoryRecord } from './record.js';

/** What a relay said of an element. `no`: it knows of no record, and has owned the element for long enough to know. `unsure`: it may not have got it yet. */
export type Denial = 'no' | 'unsure';

/** Whom a {@link Lookup} asks. */
export interface Candidates {
  /** The owners of the element, in the order in which they are asked. */
  readonly owners: readonly string[];
  /** Who owned it a moment ago and is still there. */
  readonly former: readonly string[];
}

/** One question to the owners of an element, until it is answered. */
export class Lookup {
  /** Records that the caller knows to be wrong. */
  readonly except: DirectoryRecord[];
  readonly #owners: ReadonlySet<string>;
  readonly #candidates: readonly string[];
  readonly #denials = new Map<string, Denial>();
  /** When each was asked last. */
  readonly #askedAtMs = new Map<string, number>();
  #place = 0;

  constructor(
    readonly query: number,
    readonly element: Uint8Array,
    { owners, former }: Candidates,
    readonly untilMs: number,
  ) {
    this.except = [];
    this.#owners = new Set(owners);
    this.#candidates = [...owners, ...former.filter((id) => !owners.includes(id))];
  }

  /** Whom to ask next: one after the other, and round again. Undefined when all have denied, or are gone. */
  next(isThere: (id: string) => boolean): string | undefined {
    for (let tried = 0; tried < this.#candidates.length; tried++) {
      const id = this.#candidates[this.#place++ % this.#candidates.length] as string;
      if (!this.#denials.has(id) && isThere(id)) return id;
    }
    return undefined;
  }

  /** How often everybody has been asked. */
  get rounds(): number {
    return Math.floor((this.#place - 1) / Math.max(1, this.#candidates.length));
  }

  /** Notes that a relay is asked. */
  ask(id: string, nowMs: number): void {
    this.#askedAtMs.set(id, nowMs);
  }

  /** When a relay was asked last; undefined when it was not, or has answered. */
  askedAtMs(id: string): number | undefined {
    return this.#askedAtMs.get(id);
  }

  /** A relay has no record. */
  deny(id: string, denial: Denial): void {
    this.#askedAtMs.delete(id);
    this.#denials.set(id, denial);
  }

  /** A relay said something that doesn't count. It isn't asked again. */
  disregard(id: string): void {
    this.deny(id, 'unsure');
  }

  /** Whether two owners agree that there is no record. */
  get isDenied(): boolean {
    let agreeing = 0;
    for (const [id, denial] of this.#denials) if (denial === 'no' && this.#owners.has(id)) agreeing++;
    return agreeing >= agreeingOwners;
  }

  /** Whether everybody who could be asked has denied, and none was unsure. */
  get isSure(): boolean {
    return [...this.#denials.values()].every((denial) => denial === 'no');
  }

  /** Whether anybody has answered. */
  get isHeard(): boolean {
    return this.#denials.size > 0;
  }
}

const agreeingOwners = 2;
