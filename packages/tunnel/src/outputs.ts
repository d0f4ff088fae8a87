import type { DetachReason } from './observations.js';
import type { EndReason, PathCode } from './reasons.js';

/**
 * What a tunnel wants its shell to do, in this order.
 *
 * - `deliver`: write the pieces to the local socket; report by `handleLocalAccepted` what its kernel took.
 * - `deliver_end`: half-close the local socket after what was delivered.
 * - `pause_local`, `resume_local`: stop, go on reading the local socket.
 * - `confirmed`: responder only. The initiator has proven the key: connect the local node, then call `localReady`.
 * - `up`: the tunnel stands; bytes flow in both directions.
 * - `ended`: once. Close the local socket after what was delivered; local input is ignored from here on. The path may
 *   still be needed: go on with it until `closed`.
 * - `detached`: the active path is lost or doubted (then it may still carry records). Keep the local socket open; the
 *   tunnel ends by itself when nothing came of it. Comes again, with a later deadline, when this process slept
 *   meanwhile. Not put out after `ended`, nor is `resumed`.
 * - `open_path`: initiator only. Send an OPEN with the offer, over another relay than the last one where there are
 *   several; `handleAnswer` or `handlePathClosed` tells what came of it. Several may be under way at once.
 * - `resumed`: this path carries the tunnel now; it may be the old one, which was only slow.
 * - `send_hint`: responder only, at most once a second while it waits for the initiator. Tell the initiator, if
 *   there is a way that isn't the tunnel; its shell calls `handleHint`.
 * - `peer_relays`: what the peer has told of its relays, most preferred first.
 * - `end_path`: finish the sending half of that path, behind all that `pollPath` has returned for it.
 * - `reset_path`: abort both halves of that path (or its OPEN, when there is no path yet) with this code.
 * - `closed`: once and last. Forget the tunnel; what is left of its paths was reset.
 */
export type TunnelOutput =
  | { readonly kind: 'deliver'; readonly bytes: readonly Uint8Array[] }
  | { readonly kind: 'deliver_end' }
  | { readonly kind: 'pause_local' }
  | { readonly kind: 'resume_local' }
  | { readonly kind: 'confirmed'; readonly tunnelId: Uint8Array; readonly peerTicktimeSeconds: number }
  | {
      readonly kind: 'up';
      readonly tunnelId: Uint8Array;
      /** The peer's net_ticktime, 0 when it does not say. */
      readonly peerTicktimeSeconds: number;
      /** The responder's boot id, 16 bytes; `undefined` at the responder. */
      readonly peerBootId: Uint8Array | undefined;
      /** Whether the tunnel survives the loss of its path: both ends want it to. */
      readonly resumes: boolean;
    }
  | {
      readonly kind: 'detached';
      readonly reason: DetachReason;
      /** When the tunnel ends `window_over` unless it makes progress, monotonic milliseconds. */
      readonly deadlineMs: number;
    }
  | {
      readonly kind: 'open_path';
      readonly pathId: number;
      /** For OPEN. */
      readonly offer: Uint8Array;
      /** Relays of the peer as it has told them, for OPEN; may be empty. */
      readonly hints: readonly string[];
    }
  | { readonly kind: 'resumed'; readonly pathId: number }
  | { readonly kind: 'send_hint' }
  | { readonly kind: 'peer_relays'; readonly relays: readonly string[] }
  | {
      readonly kind: 'ended';
      readonly reason: EndReason;
      /** A sentence for people; from the peer when `byPeer`. */
      readonly text: string;
      /** Whether the peer said so, sealed. */
      readonly byPeer: boolean;
    }
  | { readonly kind: 'end_path'; readonly pathId: number }
  | { readonly kind: 'reset_path'; readonly pathId: number; readonly code: PathCode }
  | { readonly kind: 'closed' };

/** Outputs in the order they came up; consecutive deliveries are joined. */
export class OutputQueue {
  #outputs: TunnelOutput[] = [];
  #lastDelivery: Uint8Array[] | undefined;

  /**
   * Appends an output other than `deliver`.
   *
   * @param output - the output.
   */
  push(output: TunnelOutput): void {
    this.#lastDelivery = undefined;
    this.#outputs.push(output);
  }

  /**
   * Appends bytes to deliver.
   *
   * @param bytes - in pieces; none is allowed.
   */
  deliver(bytes: readonly Uint8Array[]): void {
    if (bytes.length === 0) return;
    if (this.#lastDelivery === undefined) {
      this.#lastDelivery = [];
      this.#outputs.push({ kind: 'deliver', bytes: this.#lastDelivery });
    }
    for (const piece of bytes) this.#lastDelivery.push(piece);
  }

  /** The next output, or `undefined`. */
  poll(): TunnelOutput | undefined {
    const output = this.#outputs.shift();
    if (output?.kind === 'deliver' && output.bytes === this.#lastDelivery) this.#lastDelivery = undefined;
    return output;
  }
}
