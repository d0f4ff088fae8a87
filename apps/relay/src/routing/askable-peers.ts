import type { AskablePeer, PeersTable } from './peers-table.js';
import type { PendingOpen } from './pending-open.js';
import { bytesKey, noLink } from './types.js';

/** The peers that may still be asked for one OPEN: not where it came from, not visited, not asked yet. */
export class AskablePeers {
  readonly #peers: PeersTable;
  readonly #excluded: ReadonlySet<string>;
  #all: readonly AskablePeer[] | undefined;

  constructor(peers: PeersTable, { message, link, asked }: Pick<PendingOpen, 'message' | 'link' | 'asked'>) {
    this.#peers = peers;
    const from = peers.identityKey(link);
    this.#excluded = new Set([
      ...message.visited.map(bytesKey),
      ...asked.keys(),
      ...(from === undefined ? [] : [from]),
    ]);
  }

  /** The one with this identity. */
  at(relay: string): AskablePeer | undefined {
    return this.#excluded.has(relay) ? undefined : this.#peers.at(relay);
  }

  /** All of them; there may be 255. */
  get all(): readonly AskablePeer[] {
    this.#all ??= this.#peers
      .askable([], noLink)
      .filter(({ identityKey }) => !this.#excluded.has(identityKey));
    return this.#all;
  }
}
