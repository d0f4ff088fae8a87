import type { RelayUrl } from '../relay-url.js';

/** Relays that TLS reached when QUIC didn't, so that TLS goes first there for a while; in memory only. */
export class TlsFirst {
  readonly #untilMs: Map<string, number> = new Map();
  readonly #memoryMs: number;
  readonly #relaysMax: number;

  /** Each is forgotten after `memoryMs`, so that QUIC gets another chance; the oldest when there are more than `relaysMax`. */
  constructor(memoryMs: number, relaysMax: number) {
    this.#memoryMs = memoryMs;
    this.#relaysMax = relaysMax;
  }

  has(url: RelayUrl, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(keyOf(url));
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.forget(url);
    return false;
  }

  add(url: RelayUrl, nowMs: number): void {
    this.forget(url);
    this.#untilMs.set(keyOf(url), nowMs + this.#memoryMs);
    if (this.#untilMs.size <= this.#relaysMax) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }

  forget(url: RelayUrl): void {
    this.#untilMs.delete(keyOf(url));
  }
}

function keyOf({ host, port }: RelayUrl): string {
  return `${host} ${port}`;
}
