import { TunnelError } from '../errors.js';
import { decodeOffer } from '../handshake/offer.js';
import { tombstoneMs, tombstonesMax } from '../limits.js';
import { type EndReason, reasonNumber } from '../reasons.js';
import { encodeRecord } from '../record-codec.js';
import type { AttachKeys } from './attach-keys.js';

/** What stays of a tunnel. */
export interface Tombstone {
  /** Belong to the table from now on, which wipes them. */
  readonly keys: AttachKeys;
  /** Why the tunnel ended. */
  readonly reason: EndReason;
  /** For people. */
  readonly text: string;
}

/** What goes back to somebody who attaches to a tunnel that has ended. */
export interface GoneAnswer {
  /** For OPEN_OK. */
  readonly answer: Uint8Array;
  /** Behind it on the path, which ends then. */
  readonly records: readonly Uint8Array[];
}

/**
 * The responders' tunnels of one agent that ended less than a minute ago. Who attaches to one is told why it ended, sealed,
 * so that no relay can say so in its place.
 *
 * A tunnel that was given the table by its options buries itself. The shell looks here when no living tunnel has the id
 * of an attach offer, and calls `handleTimeout` when `pollTimeout` says so.
 */
export class Tombstones {
  readonly #byId = new Map<string, Tombstone & { readonly untilMs: number }>();

  /** How many there are. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * Keeps what is left of a tunnel. With too many the oldest is forgotten.
   *
   * @param tombstone - of a tunnel that has ended.
   * @param nowMs - monotonic time.
   */
  bury(tombstone: Tombstone, nowMs: number): void {
    this.#byId.set(idText(tombstone.keys.tunnelId), { ...tombstone, untilMs: nowMs + tombstoneMs });
    if (this.#byId.size > tombstonesMax) this.#forgetOldest();
  }

  /**
   * Answers an attach to a tunnel that has ended.
   *
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @returns what goes back, or `undefined` when nothing is known of the tunnel: refuse the OPEN with `unknown_tunnel`.
   * @throws TunnelError `bad_offer`, `version_unsupported` or `decrypt_failed`: refuse the OPEN with `pathCode`.
   */
  respondAttach(offer: Uint8Array, nowMs: number): GoneAnswer | undefined {
    this.handleTimeout(nowMs);
    const attach = decodeOffer(offer);
    if (attach.kind !== 'attach') throw new TunnelError('bad_offer', 'the offer is of a new tunnel');
    const tombstone = this.#byId.get(idText(attach.tunnelId));
    if (tombstone === undefined) return undefined;
    const { answer, established } = tombstone.keys.respond(attach);
    const { reason, text } = tombstone;
    const records = established.channel.seal(
      encodeRecord({ kind: 'gone', code: reasonNumber(reason), text }),
    );
    established.channel.wipe();
    return { answer, records };
  }

  /**
   * Forgets what is older than a minute.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs: number): void {
    for (const { untilMs } of this.#byId.values()) {
      if (untilMs > nowMs) return;
      this.#forgetOldest();
    }
  }

  /** When `handleTimeout` has something to do; `undefined` when there is nothing left. */
  pollTimeout(): { readonly atMs: number; readonly why: 'tombstone' } | undefined {
    for (const { untilMs } of this.#byId.values()) return { atMs: untilMs, why: 'tombstone' };
    return undefined;
  }

  /** Forgets all: the process ends. */
  clear(): void {
    while (this.#byId.size > 0) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [id, { keys }] of this.#byId) {
      keys.wipe();
      this.#byId.delete(id);
      return;
    }
  }
}

function idText(tunnelId: Uint8Array): string {
  return String.fromCharCode(...tunnelId);
}
