/** Why a path is gone: reset by the other end or a relay with a code, or lost without a word. */
export type PathClosed = { readonly code: string } | { readonly lost: true };

/** Why `pollTimeout` wants to be called. */
export type TimeoutReason = 'ack' | 'liveness' | 'establish' | 'drain' | 'linger';

/** Counters of a tunnel; bytes are plaintext. */
export interface TunnelMetrics {
  /** Data bytes received and delivered. */
  readonly bytesIn: number;
  /** Data bytes sent. */
  readonly bytesOut: number;
  /** Records received, all types. */
  readonly recordsIn: number;
  /** Records sent, all types. */
  readonly recordsOut: number;
  /** Smoothed round trip in milliseconds, once measured. */
  readonly srttMs: number | undefined;
  /** Bytes of the local socket not yet sent. */
  readonly unsentBytes: number;
  /** Bytes of the local socket not yet acknowledged, unsent ones included. */
  readonly ringBytes: number;
  /** Bytes delivered that the local socket has not yet accepted. */
  readonly waitingBytes: number;
}
