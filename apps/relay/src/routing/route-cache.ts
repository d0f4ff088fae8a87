import { routeCacheMax, routeCacheMs } from './limits.js';

/** Where names were found a moment ago: the peer that answered, or passed on who did. */
export class RouteCache {
  /** Oldest first. */
  readonly #routes = new Map<string, { readonly peer: string; readonly untilMs: number }>();

  at(realm: string, name: string, nowMs: number): string | undefined {
    const route = this.#routes.get(`${realm}\0${name}`);
    return route !== undefined && route.untilMs > nowMs ? route.peer : undefined;
  }

  add(realm: string, name: string, peer: string, nowMs: number): void {
    const key = `${realm}\0${name}`;
    this.#routes.delete(key);
    if (this.#routes.size >= routeCacheMax) this.#routes.delete(this.#routes.keys().next().value!);
    this.#routes.set(key, { peer, untilMs: nowMs + routeCacheMs });
  }

  /** The peer does not find it any more. */
  delete(realm: string, name: string, peer: string): void {
    const key = `${realm}\0${name}`;
    if (this.#routes.get(key)?.peer === peer) this.#routes.delete(key);
  }

  get size(): number {
    return this.#routes.size;
  }
}
