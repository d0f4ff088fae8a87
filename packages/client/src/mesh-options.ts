import type { Identity } from '@macula/crypto';
import type { RelayUrl, Transport } from '@macula/transport';
import type { IncomingTunnel } from './incoming-tunnel.js';
import type { MeshEvent } from './mesh-event.js';
import type { RelayStatus } from './relay-status.js';
import type { MeshTunnelLimits } from './tunnel-facts.js';

/** How a `Mesh` joins. */
export interface MeshOptions {
  /** Dials the relays; owned by the caller. */
  readonly transport: Transport;
  /** In order of preference; at least one. */
  readonly relays: readonly RelayUrl[];
  readonly realm: string;
  /** How the node calls itself; for people, proves nothing. */
  readonly label: string;
  readonly tlsVerify: 'none' | 'verify_peer';
  readonly caPem?: readonly string[];
  readonly identity: Identity;
  /** The token of the realm, asked for at each session and by `Mesh.checkToken`. Default: none. */
  readonly token?: () => string;
  /** 16 bytes, random at process start. */
  readonly bootId: Uint8Array;
  /** Names to advertise from the start. */
  readonly names: readonly string[];
  /** Seconds; exchanged in the tunnel handshake, a difference is reported. 0 when unknown. */
  readonly netTicktime: number;
  /** Tunnel protocol for a peer; the other end must be set the same. Default 2; 1 is the original, weaker envelope. */
  readonly tunnelProtocol?: (peer: string) => 1 | 2;
  /** Bounds of every tunnel. Default: the tunnels' own. */
  readonly tunnelLimits?: MeshTunnelLimits;
  /** RECONNECT_INTERVAL: the longest pause between two rounds of dialling relays, milliseconds. Default 2000. */
  readonly reconnectIntervalMs?: number;
  /** Sessions at other relays that stand by for the one in use, 0 to 3; as many as there are relays for. Default 1. */
  readonly standbySessions?: number;
  readonly onEvent: (event: MeshEvent) => void;
  /** A peer wants a tunnel: call `accept` or `refuse` on it, now or later. */
  readonly onIncoming: (incoming: IncomingTunnel) => void;
}

/** A mesh seen from outside; plain data. */
export interface MeshStatus {
  readonly realm: string;
  readonly names: readonly string[];
  readonly relays: readonly RelayStatus[];
  readonly tunnels: number;
  /** No relay is connected, and all of them have refused for good when they were tried last. They are tried on. */
  readonly isRefused: boolean;
}
