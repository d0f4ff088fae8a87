import type { NamesTable } from '../routing/names-table.js';
import type { NamesView } from '../routing/presence.js';
import type { TouchedNames } from '../routing/touched-names.js';
import type { LinkId } from '../routing/types.js';
import type { Holdings } from './holdings.js';
import type { OriginLog } from './origin-log.js';
import type { Replication } from './replication.js';

/** What a {@link MeshNames} looks at. */
export interface MeshNamesParts {
  readonly names: NamesTable;
  readonly holdings: Holdings;
  readonly replication: Replication;
}

/** The names of each realm in the whole mesh: of sessions here and at other relays, and those kept for their identity. */
export class MeshNames implements NamesView {
  readonly touched: TouchedNames;
  readonly #parts: MeshNamesParts;
  #live: ReadonlySet<OriginLog> = new Set();

  constructor(parts: MeshNamesParts) {
    this.touched = parts.holdings.touched;
    this.#parts = parts;
  }

  isThere(realm: string, name: string, nowMs: number): boolean {
    const { names, holdings } = this.#parts;
    return names.isThere(realm, name) || holdings.isKept(realm, name, nowMs);
  }

  names(realm: string, nowMs: number): string[] {
    const { names, holdings } = this.#parts;
    const all = new Set([...names.namesIn(realm), ...holdings.namesIn(realm)]);
    return [...all].filter((name) => this.isThere(realm, name, nowMs));
  }

  realms(): Set<string> {
    return new Set([...this.#parts.names.realms(), ...this.#parts.holdings.realms()]);
  }

  realmOf(link: LinkId): string | undefined {
    const owner = this.#parts.names.session(link);
    return owner === undefined || owner.isSuperseded ? undefined : owner.realm;
  }

  noteLiveness(nowMs: number): void {
    const live = new Set([...this.#parts.replication.logs()].filter((log) => log.isLive(nowMs)));
    for (const log of live) if (!this.#live.has(log)) this.#touch(log);
    for (const log of this.#live) if (!live.has(log)) this.#touch(log);
    this.#live = live;
  }

  #touch(log: OriginLog): void {
    for (const { holding } of log.records())
      for (const name of holding?.since.keys() ?? []) this.touched.note(holding!.claim.realm, name);
  }
}
