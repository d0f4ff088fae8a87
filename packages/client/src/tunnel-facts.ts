/** A tunnel that looks for another path. */
export interface MeshTunnelDetached {
  /** One of the tunnel's own words, such as `path_lost`. */
  readonly reason: string;
  /** When it ends unless it makes progress, milliseconds of `performance.now()`. */
  readonly untilMs: number;
}

/** A tunnel that has a path again. */
export interface MeshTunnelResumed {
  /** Milliseconds it had none. */
  readonly afterMs: number;
  /** How many times it has changed to another path, in all. */
  readonly reattachments: number;
}

/** Where a tunnel's path begins. */
export interface MeshTunnelPath {
  /** URL of the relay. */
  readonly relay: string;
  /** Name of the transport to it, for instance `quic`. */
  readonly transport: string;
}

/** Bounds of a tunnel that users may set; each default is the tunnel's own. */
export interface MeshTunnelLimits {
  /** DIST_TIMEOUT: milliseconds until a tunnel must be up. Default: 25,000. */
  readonly establishTimeoutMs?: number;
  /** Unsent bytes at which reading from the local socket pauses, up to 4 MiB. Default: 256 KiB. */
  readonly unsentBytesMax?: number;
  /** Milliseconds from the loss of a path to the end of the tunnel. Default: 30,000. */
  readonly windowMs?: number;
}
