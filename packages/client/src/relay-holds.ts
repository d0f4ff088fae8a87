import type { RelayUrl } from '@macula/transport';
import { retryHonouredMsMax } from './limits.js';

/**
 * Until when relays that said so are left alone: a relay without room or time tells with GOODBYE when it may be tried again, and is not tried
 * before, while the others are. It is believed for {@link retryHonouredMsMax} at most, so that one that lies keeps nobody away for long.
 */
export class RelayHolds {
  /** By URL. */
  readonly #untilMs = new Map<string, number>();

  /** A relay has said that it may be tried again after so many milliseconds; undefined: it has not. */
  note({ text }: RelayUrl, retryMs: number | undefined, nowMs: number): void {
    if (retryMs !== undefined) this.#untilMs.set(text, nowMs + Math.min(retryMs, retryHonouredMsMax));
  }

  /** A relay has taken us. */
  forget({ text }: RelayUrl): void {
    this.#untilMs.delete(text);
  }

  /** Those that may be tried now. */
  free(relays: readonly RelayUrl[], nowMs: number): readonly RelayUrl[] {
    return relays.filter((url) => this.#leftMs(url, nowMs) === 0);
  }

  /** Milliseconds until the first of them may be tried; 0: now, or there is none. */
  waitMs(relays: readonly RelayUrl[], nowMs: number): number {
    return relays.length === 0 ? 0 : Math.min(...relays.map((url) => this.#leftMs(url, nowMs)));
  }

  #leftMs({ text }: RelayUrl, nowMs: number): number {
    return Math.max(0, (this.#untilMs.get(text) ?? nowMs) - nowMs);
  }
}
