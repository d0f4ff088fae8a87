import type { WireCode } from '@macula/wire';
import { pendingOpensMax, pendingOpensPerLinkMax } from '../limits.js';
import type { PendingOpen } from './pending-open.js';
import { addTo, removeFrom } from './sets.js';
import type { LinkId, OpenId } from './types.js';

/** The OPENs that wait for their answer, oldest first. */
export class OpensTable {
  readonly #opens = new Map<OpenId, PendingOpen>();
  readonly #byLink = new Map<LinkId, Set<OpenId>>();
  readonly #paths = new Set<string>();

  add(pending: PendingOpen): void {
    this.#opens.set(pending.open, pending);
    this.#paths.add(pending.pathKey);
    addTo(this.#byLink, pending.link, pending.open);
  }

  delete(pending: PendingOpen): void {
    this.#opens.delete(pending.open);
    this.#paths.delete(pending.pathKey);
    removeFrom(this.#byLink, pending.link, pending.open);
  }

  at(open: OpenId): PendingOpen | undefined {
    return this.#opens.get(open);
  }

  /** Whether one with this path waits. */
  hasPath(pathKey: string): boolean {
    return this.#paths.has(pathKey);
  }

  /** Those that came over a link. */
  ofLink(link: LinkId): OpenId[] {
    return [...(this.#byLink.get(link) ?? [])];
  }

  /** The oldest, whose deadline is the first. */
  get oldest(): PendingOpen | undefined {
    const [pending] = this.#opens.values();
    return pending;
  }

  /** Why another one of this link isn't taken now. */
  refusal(link: LinkId): WireCode | undefined {
    const isFull =
      this.#opens.size >= pendingOpensMax || (this.#byLink.get(link)?.size ?? 0) >= pendingOpensPerLinkMax;
    return isFull ? 'busy' : undefined;
  }

  get size(): number {
    return this.#opens.size;
  }
}
