import type { RingBudget, Tombstones } from '@macula/tunnel';
import type { FailedAttempt } from './open-retries.js';
import type {
  MeshTunnelDetached,
  MeshTunnelLimits,
  MeshTunnelPath,
  MeshTunnelResumed,
} from './tunnel-facts.js';

/** What a tunnel tells its owner. */
export interface MeshTunnelHandlers {
  /** Something moved while the tunnel is being made. */
  onProgress?(): void;
  /** Responder: the peer has proven the key. Connect the local node, then `attachLocal`. */
  onConfirmed?(): void;
  /** Initiator: the peer's node is connected. `attachLocal` now. */
  onUp?(): void;
  /**
   * The path is lost or doubted, and the tunnel looks for another one; the local socket stays. May come again before `onResumed`, to
   * prolong. Only between `attachLocal` and `onEnded`.
   */
  onDetached?(info: MeshTunnelDetached): void;
  /** It has a path again, the old one or another. */
  onResumed?(info: MeshTunnelResumed): void;
  /** Something odd that ends nothing, such as `ticktime_mismatch`. */
  onWarning?(kind: string, text: string): void;
  /** Once; a local socket that was attached closes after this. `reason` is a code of the wire or of tunnels. */
  onEnded(info: MeshTunnelEnded): void;
}

/** Why a tunnel ended. */
export type MeshTunnelEnded = FailedAttempt;

/** What both roles need. */
export interface MeshTunnelOptions {
  readonly realm: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 16 bytes, of this process. */
  readonly bootId: Uint8Array;
  /** Seconds; 0 unknown. */
  readonly netTicktime: number;
  /** 2, or 1 where both ends are configured for the original envelope. */
  readonly protocol: 1 | 2;
  /** Of all tunnels of this agent. */
  readonly ringBudget: RingBudget;
  /** Of all tunnels of this agent. */
  readonly tombstones: Tombstones;
  /** Default: none differs from the tunnel's own. */
  readonly limits?: MeshTunnelLimits;
}

/** What a tunnel tells and asks the mesh that owns it. */
export interface MeshTunnelOwner {
  /** Nothing of the tunnel is left. */
  onGone?(): void;
  /** The peer has proven the key. */
  onProven?(): void;
  /** Initiator: open another first path, `excluded` has grown. */
  onRetry?(): void;
  /** Initiator: call `openAttach` with a session as soon as there is one. */
  onAttachWanted?(pathId: number): void;
  /** Responder: bring this offer to the initiator's agent, and tell `handleHintRefused` what it says. */
  onHintWanted?(offer: Uint8Array): void;
  /** Which session is asked for the first path. */
  findPath?(): MeshTunnelPath | undefined;
}
