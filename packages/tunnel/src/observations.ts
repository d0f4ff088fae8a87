import type { TunnelState } from './state.js';

/**
 * Why a path is gone: reset by the other end or a relay with a code, or its OPEN refused with it; or lost without a word.
 */
export type PathClosed =
  | {
      /** A name of `@macula/wire`'s table. */
      readonly code: string;
      /** Which relay the OPEN went to; tells refusals of one relay from those of several. */
      readonly via?: string;
      /** The answering agent's boot id, 16 bytes, where the refusal names one. */
      readonly bootId?: Uint8Array;
    }
  | { readonly lost: true };

/**
 * Why a tunnel looks for another path.
 *
 * - `path_lost`: the path is gone without a word.
 * - `path_reset`: it was reset.
 * - `path_ended`: it ended without END.
 * - `silent`: nothing came, also after a PING; the path is still there.
 * - `slept`: this process stood still for more than 5 s; the path is still there.
 */
export type DetachReason = 'path_lost' | 'path_reset' | 'path_ended' | 'silent' | 'slept';

/** Why `pollTimeout` wants to be called. */
export type TimeoutReason = 'ack' | 'liveness' | 'establish' | 'drain' | 'linger' | 'attach' | 'window';

/** Counters of a tunnel; bytes are plaintext. */
export interface TunnelMetrics {
  /** Where it stands. */
  readonly state: TunnelState;
  /** Data bytes received and delivered. */
  readonly bytesIn: number;
  /** Data bytes sent; what was sent again counts once. */
  readonly bytesOut: number;
  /** Records received, all types, over all paths. */
  readonly recordsIn: number;
  /** Records sent, all types, over all paths. */
  readonly recordsOut: number;
  /** Smoothed round trip of the active path in milliseconds, once measured. */
  readonly srttMs: number | undefined;
  /** Bytes of the local socket not yet sent, or to be sent again. */
  readonly unsentBytes: number;
  /** Bytes of the local socket not yet acknowledged, unsent ones included. */
  readonly ringBytes: number;
  /** Bytes delivered that the local socket has not yet accepted. */
  readonly waitingBytes: number;
  /** Number of the last committed attach, 0 before the first. */
  readonly epoch: number;
  /** How many attaches have committed. */
  readonly reattachments: number;
  /** Since when it looks for another path, monotonic milliseconds; `undefined` when it doesn't. */
  readonly detachedSinceMs: number | undefined;
}
