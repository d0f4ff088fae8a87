/** Names about which something has changed since somebody looked, in realms that are watched; nothing is remembered of others. */
export class TouchedNames {
  readonly #realms = new Map<string, Set<string>>();
  #count = 0;

  /** Remembers what changes in a realm from now on. */
  begin(realm: string): void {
    if (!this.#realms.has(realm)) this.#realms.set(realm, new Set());
  }

  /** Remembers nothing of a realm any more. */
  end(realm: string): void {
    this.#count -= this.#realms.get(realm)?.size ?? 0;
    this.#realms.delete(realm);
  }

  /** Something about a name has changed, or may have. */
  note(realm: string, name: string): void {
    const names = this.#realms.get(realm);
    if (names === undefined || names.has(name)) return;
    names.add(name);
    this.#count++;
  }

  /** The first touched of a realm's names, at most so many; they don't count as touched any more. */
  take(realm: string, namesMax: number): string[] {
    const names = this.#realms.get(realm);
    const taken: string[] = [];
    for (const name of names ?? []) {
      if (taken.length >= namesMax) break;
      names!.delete(name);
      taken.push(name);
    }
    this.#count -= taken.length;
    return taken;
  }

  /** Names that wait to be taken. */
  get size(): number {
    return this.#count;
  }
}
