import { reservedNamesMax } from '../limits.js';

/** A name that is kept for its identity although no session has it. */
export interface Reservation {
  readonly identityKey: string;
  readonly untilMs: number;
  /** Since when the identity owned it, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Names of sessions that were lost without GOODBYE, kept for their identities for a while. */
export class Reservations {
  readonly #realms = new Map<string, Map<string, Reservation>>();
  #count = 0;

  /** The present reservation of a name. */
  find(realm: string, name: string, nowMs: number): Reservation | undefined {
    const found = this.#realms.get(realm)?.get(name);
    return found !== undefined && nowMs < found.untilMs ? found : undefined;
  }

  /** Keeps a name; one more than {@link reservedNamesMax} isn't kept. */
  add(realm: string, name: string, reservation: Reservation): void {
    this.delete(realm, name);
    if (this.#count >= reservedNamesMax) return;
    let names = this.#realms.get(realm);
    if (names === undefined) this.#realms.set(realm, (names = new Map()));
    names.set(name, reservation);
    this.#count++;
  }

  delete(realm: string, name: string): void {
    const names = this.#realms.get(realm);
    if (names?.delete(name) !== true) return;
    this.#count--;
    if (names.size === 0) this.#realms.delete(realm);
  }

  /** Forgets what is over. */
  handleTimeout(nowMs: number): void {
    for (const [realm, names] of [...this.#realms])
      for (const [name, { untilMs }] of [...names]) if (untilMs <= nowMs) this.delete(realm, name);
  }

  get size(): number {
    return this.#count;
  }
}
