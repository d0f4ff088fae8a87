import type { MeshView } from '../routing/mesh-view.js';
import { type Holdings, isStanding } from './holdings.js';
import { relayPrefix } from './origin-log.js';
import type { Replication } from './replication.js';

/** What relays say of their sessions and peerings, as the search for a name sees it. */
export class OwnersView implements MeshView {
  readonly #holdings: Holdings;
  readonly #replication: Replication;

  constructor(holdings: Holdings, replication: Replication) {
    this.#holdings = holdings;
    this.#replication = replication;
  }

  holders(realm: string, name: string, nowMs: number): readonly string[] {
    const standing = this.#holdings.at(realm, name).filter((holding) => isStanding(holding, nowMs));
    return standing.map(({ log }) => log.key);
  }

  relays(nowMs: number): readonly string[] {
    return this.#replication.liveRelays(nowMs);
  }

  mayReach(relay: string, other: string): boolean {
    const neighbours = this.#replication.log(relay)?.neighbours;
    return neighbours !== undefined && (neighbours.size === 0 || neighbours.has(relayPrefix(other)));
  }
}
