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
 * - `end_path`: finish the sending half of the path, behind all that `pollPath` has returned.
 * - `reset_path`: abort both halves of the path (or the OPEN, when there is no path yet) with this code.
 * - `closed`: once and last. Forget the tunnel.
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
    }
  | {
      readonly kind: 'ended';
      readonly reason: EndReason;
      /** A sentence for people; from the peer when `byPeer`. */
      readonly text: string;
      /** Whether the peer said so, sealed. */
      readonly byPeer: boolean;
    }
  | { readonly kind: 'end_path' }
  | { readonly kind: 'reset_path'; readonly code: PathCode }
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
