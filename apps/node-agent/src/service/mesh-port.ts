/** What the agent needs of the mesh; `Mesh` of @macula/client is one, tests have another. */

import type { Socket } from 'node:net';
import type {
  Failure,
  MeshEvent,
  MeshTunnelDetached,
  MeshTunnelLimits,
  MeshTunnelPath,
  MeshTunnelResumed,
} from '@macula/client';
import type { Identity } from '@macula/crypto';
import type { RelayUrl } from '@macula/transport';
import type { WireCode } from '@macula/wire';

/** What a join decides; transport and boot id are the agent's own. */
export interface MeshRequest {
  /** In order of preference; at least one. */
  readonly relays: readonly RelayUrl[];
  readonly realm: string;
  /** How the node calls itself; for people, proves nothing. */
  readonly label: string;
  readonly tlsVerify: 'none' | 'verify_peer';
  /** Trusted certificates, PEM; undefined: those that come with Node. */
  readonly caPem: readonly string[] | undefined;
  readonly identity: Identity;
  /** Its private half, 32 bytes, which quinn proves as well. */
  readonly identitySeed: Uint8Array;
  /** The token of the realm, asked for at each session; undefined: it needs none. */
  readonly token: (() => string) | undefined;
  /** Names to advertise from the start. */
  readonly names: readonly string[];
  /** Seconds. */
  readonly netTicktime: number;
  readonly tunnelLimits: MeshTunnelLimits;
  /** Longest pause between two rounds of dialling relays, milliseconds. */
  readonly reconnectIntervalMs: number;
  /** Sessions at other relays that stand by, as far as there are relays. */
  readonly standbySessions: number;
  readonly onEvent: (event: MeshEvent) => void;
  readonly onIncoming: (incoming: IncomingRequest) => void;
}

/** Makes a mesh that hasn't started; rejects when the transport can't be had. */
export type OpenMesh = (request: MeshRequest) => Promise<MeshPort>;

/** A mesh session that reconnects for ever until it is closed. */
export interface MeshPort {
  start(): void;
  joined(): Promise<void>;
  lastErrors(): ReadonlyMap<string, Failure>;
  /** Looks whether the token is another one; if so, goes on with that one. */
  checkToken(): void;
  /** What the session was made with. */
  readonly presentToken: string | undefined;
  setNames(names: readonly string[]): void;
  connect(options: { readonly from: string; readonly to: string; readonly key: Uint8Array }): TunnelPort;
  status(): MeshStatusView;
  close(code: WireCode): Promise<void>;
}

/** What `status` shows of the session. */
export interface MeshStatusView {
  readonly realm: string;
  readonly names: readonly string[];
  readonly relays: readonly {
    readonly url: string;
    readonly state: string;
    readonly relayId?: string | undefined;
    readonly transport?: string | undefined;
    readonly rttMs?: number | undefined;
    readonly lastError?: string | undefined;
  }[];
  /** No relay is connected, and all have refused for good. */
  readonly isRefused: boolean;
}

/** One tunnel. */
export interface TunnelPort {
  readonly peer: string;
  readonly role: 'initiator' | 'responder';
  readonly tunnelId: Uint8Array | undefined;
  /** Where its path begins; undefined: nowhere now. */
  readonly path: MeshTunnelPath | undefined;
  start(handlers: TunnelPortHandlers): void;
  attachLocal(socket: Socket, alreadyRead?: Uint8Array): void;
  close(reason: WireCode, text: string): void;
  metrics(): TunnelFigures;
}

/** What a tunnel tells its owner. */
export interface TunnelPortHandlers {
  onProgress?(): void;
  onConfirmed?(): void;
  onUp?(): void;
  onWarning?(kind: string, text: string): void;
  /** The path is lost, and the tunnel is being resumed. May come again, to prolong. */
  onDetached?(info: MeshTunnelDetached): void;
  /** It has a path again. */
  onResumed?(info: MeshTunnelResumed): void;
  onEnded(info: TunnelEnd): void;
}

/** Why a tunnel ended. */
export interface TunnelEnd {
  readonly reason: string;
  readonly text: string;
  readonly byPeer: boolean;
}

/** Counters of a tunnel, as `TunnelMetrics` of @macula/tunnel says. */
export interface TunnelFigures {
  /** Undefined: `open`. */
  readonly state?: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly srttMs: number | undefined;
  readonly ringBytes: number;
  readonly waitingBytes: number;
  readonly reattachments?: number;
  /** Milliseconds of `performance.now()`. */
  readonly detachedSinceMs?: number | undefined;
}

/** A peer's request for a tunnel. */
export interface IncomingRequest {
  readonly from: string;
  readonly to: string;
  /** Undefined when the peer's offer was unusable; it has been refused then. */
  accept(options: { readonly key: Uint8Array }): TunnelPort | undefined;
  refuse(code: WireCode, text: string): void;
}
