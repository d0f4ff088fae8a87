import { reservedNamesMax, reservedNamesPerIdentityMax } from '../limits.js';
import { addTo, removeFrom } from './sets.js';
import { TouchedNames } from './touched-names.js';

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
  /** Names by identity and realm, oldest first. */
  readonly #names = new Map<string, Set<string>>();
  readonly #touched: TouchedNames;
  #count = 0;

  constructor(touched: TouchedNames = new TouchedNames()) {
    this.#touched = touched;
  }

  /** The present reservation of a name. */
  find(realm: string, name: string, nowMs: number): Reservation | undefined {
    const found = this.at(realm, name);
    return found !== undefined && nowMs < found.untilMs ? found : undefined;
  }

  /** The reservation of a name, which may be over. */
  at(realm: string, name: string): Reservation | undefined {
    return this.#realms.get(realm)?.get(name);
  }

  /** Keeps a name; one more than {@link reservedNamesMax} isn't kept. An identity that has too many loses its oldest. */
  add(realm: string, name: string, reservation: Reservation): void {
    this.delete(realm, name);
    const key = reservation.identityKey + realm;
    const ofIdentity = this.#names.get(key);
    if (ofIdentity !== undefined && ofIdentity.size >= reservedNamesPerIdentityMax)
      this.delete(realm, ofIdentity.values().next().value!);
    if (this.#count >= reservedNamesMax) return;
    let names = this.#realms.get(realm);
    if (names === undefined) this.#realms.set(realm, (names = new Map()));
    names.set(name, reservation);
    addTo(this.#names, key, name);
    this.#touched.note(realm, name);
    this.#count++;
  }

  delete(realm: string, name: string): void {
    const names = this.#realms.get(realm);
    const found = names?.get(name);
    if (names === undefined || found === undefined) return;
    names.delete(name);
    removeFrom(this.#names, found.identityKey + realm, name);
    this.#touched.note(realm, name);
    this.#count--;
    if (names.size === 0) this.#realms.delete(realm);
  }

  /** Forgets what is over. */
  handleTimeout(nowMs: number): void {
    for (const [realm, names] of [...this.#realms])
      for (const [name, { untilMs }] of [...names]) if (untilMs <= nowMs) this.delete(realm, name);
  }

  /** Names of a realm that are kept. */
  namesIn(realm: string): Iterable<string> {
    return this.#realms.get(realm)?.keys() ?? [];
  }

  /** Realms of which a name is kept. */
  realms(): Iterable<string> {
    return this.#realms.keys();
  }

  get size(): number {
    return this.#count;
  }
}
