/**
 * The one interface between everything above (sessions, tunnels, relays) and a network protocol.
 *
 * ```text
 *   Transport ──dial────▶ Connection ──openStream──▶ Stream
 *       └────listen──▶ Listener ──onConnection──▶ Connection ──onStream──▶ Stream
 * ```
 *
 * Everything is push with explicit back-pressure: a producer calls `write` until it returns false and goes on at
 * `onDrain`; a consumer calls `pause` and `resume`. Nothing is delivered before `start(handlers)`, so that an object can
 * be handed from one owner to the next without losing what has already arrived; `start` may be called again to
 * replace the handlers.
 *
 * States of a connection: open → closed (`onClosed`, once). `dial` resolves with an open connection, a listener announces
 * open connections only: handshakes are the transport's own business.
 *
 * States of a stream, each direction on its own: open → ended (`end` / `onEnd`). A stream is over, with one
 * `onClosed`, when both directions have ended (`done`), when either side reset it (`reset`), or when its connection
 * was lost (`lost`). After `onClosed` no handler is called and every command does nothing.
 */

import type { TransportError } from './errors.js';
import type { RelayUrl } from './relay-url.js';

/** What carries the bytes. */
export type TransportName = 'quic' | 'quinn' | 'tls' | 'memory';

/** An IP address and a port. */
export interface SocketAddress {
  /** IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** One network protocol, able to dial and to listen. */
export interface Transport {
  /** `auto`: it chooses one of several, which its connections name. */
  readonly name: TransportName | 'auto';
  /**
   * Opens a connection; resolves when the handshake is done and the certificate was accepted.
   * @throws TransportError
   */
  dial(options: DialOptions): Promise<Connection>;
  /**
   * Listens; resolves when the socket is bound.
   * @throws TransportError with code `bind_failed` or `bad_certificate`
   */
  listen(options: ListenOptions): Promise<Listener>;
  /** Closes everything this transport made; resolves when no socket, timer or process of it is left. */
  close(): Promise<void>;
}

/** How to dial. */
export interface DialOptions {
  readonly url: RelayUrl;
  /** `verify_peer` checks chain and name; `none` accepts every certificate. A pin in the URL is checked in both. */
  readonly tlsVerify: 'none' | 'verify_peer';
  /** Trusted certificates, PEM, in place of the ones that come with Node. */
  readonly caPem?: readonly string[];
  /** Milliseconds until `connect_timeout`. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Gives the attempt up when it fires: `dial` rejects with `closed`. A connection that is open stays. */
  readonly signal?: AbortSignal;
}

/** How to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly certificate: CertificatePair;
}

/** A certificate chain and its private key, both PEM; the first certificate is the leaf. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A bound listener. */
export interface Listener {
  readonly address: SocketAddress;
  /** Begins to accept; connections that came before wait (at most 64) for this call. */
  start(handlers: ListenerHandlers): void;
  /** Certificate for connections accepted from now on; older ones keep theirs. */
  setCertificate(certificate: CertificatePair): void;
  /** Stops accepting and closes all its connections with the code. */
  close(code?: number): Promise<void>;
}

/** What a listener tells and asks its owner. */
export interface ListenerHandlers {
  onConnection(connection: Connection): void;
  /**
   * Whether a handshake may begin now: asked for each one. False costs next to nothing: over `quic` the dialer hears nothing and repeats its
   * first packet after a second, and again; over `tls` its connection is reset. Only these ask. Default: always.
   */
  mayShakeHands?(): boolean;
}

/** An authenticated, encrypted connection with many streams. */
export interface Connection {
  readonly transport: TransportName;
  readonly role: 'dialer' | 'listener';
  readonly remoteAddress: SocketAddress;
  /** SHA-256 of the listener's leaf certificate (DER), as this side saw it: both ends bind their HELLO to it. */
  readonly certificateSha256: Uint8Array;
  /** Largest datagram in bytes; 0 where there are none. */
  readonly datagramBytesMax: number;
  /** Begins to deliver; may be called again to hand the connection over. */
  start(handlers: ConnectionHandlers): void;
  /**
   * A new bidirectional stream. Never waits: bytes written before the peer grants the stream are buffered. The peer
   * learns of it with the first bytes.
   * @throws TransportError with code `closed` when the connection is closed
   */
  openStream(options?: { readonly priority?: StreamPriority }): Stream;
  /** Sends a datagram, unreliably; false when it was not taken (queue full, too large, none supported, closed). */
  sendDatagram(bytes: Uint8Array): boolean;
  /**
   * Closes at once; unsent stream data is lost. The peer's `onClosed` carries code and reason where the protocol allows.
   * @throws TransportError with code `bad_code` when the code is no integer from 0 to `codeMax`
   */
  close(code: number, reason: string): void;
  stats(): ConnectionStats;
}

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  onStream(stream: Stream): void;
  onDatagram?(bytes: Uint8Array): void;
  /**
   * The connection can't follow its peer through many more changes of address: have the peer open another one soon. At most once
   * in a connection's life, on a listener's side; only from `quic`, which has the limit.
   */
  onRenewalDue?(): void;
  onClosed(info: ConnectionClosed): void;
}

/** Why a connection is closed. */
export type ConnectionClosed =
  /** `close` was called on this side. */
  | { readonly kind: 'local'; readonly code: number; readonly reason: string }
  /** The peer closed it with this code. */
  | { readonly kind: 'peer'; readonly code: number; readonly reason: string }
  /** It broke: idle timeout, reset, worker lost, protocol violation. */
  | { readonly kind: 'lost'; readonly error: TransportError };

/** Figures of a connection since it was opened. */
export interface ConnectionStats {
  /** Smoothed round-trip time in milliseconds, whole ones over `quic` (so 0 in a local network); undefined while unknown. */
  readonly rttMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Packets sent and taken for lost; always 0 over `tls`, since TCP doesn't tell. */
  readonly packetsLost: number;
}

/** Control streams are served before bulk streams in every turn. */
export type StreamPriority = 'control' | 'bulk';

/** A reliable, ordered, bidirectional byte stream. */
export interface Stream {
  /** Unique within its connection. */
  readonly id: number;
  /** Default `bulk`; the accepting side sets it when it learns what the stream is for. */
  priority: StreamPriority;
  /** Bytes accepted by `write` and not yet handed to the network protocol. */
  readonly bufferedBytes: number;
  /** Begins to deliver; may be called again to hand the stream over. */
  start(handlers: StreamHandlers): void;
  /**
   * Queues bytes; they belong to the stream from then on (do not change them). False when `bufferedBytes` has reached
   * `streamBufferBytesMax`: wait for `onDrain`. The bytes are taken in either case.
   */
  write(bytes: Uint8Array): boolean;
  /** Half-close: the peer sees `onEnd` after everything written before. */
  end(): void;
  /**
   * Ends both directions at once; unsent and unread bytes are lost; the peer's `onClosed` carries the code.
   * @throws TransportError with code `bad_code` when the code is no integer from 0 to `codeMax`
   */
  reset(code: number): void;
  /** Stops `onData` and `onEnd`; the peer is held back by flow control once the window is full. */
  pause(): void;
  resume(): void;
}

/** What a stream tells its owner. */
export interface StreamHandlers {
  /** Bytes in order; they belong to the receiver. */
  onData(bytes: Uint8Array): void;
  /** The peer has half-closed; everything was delivered. */
  onEnd(): void;
  /** After a `write` that returned false: `bufferedBytes` is below half of `streamBufferBytesMax` again. */
  onDrain(): void;
  onClosed(reason: StreamClosed): void;
}

/** Why a stream is over. */
export type StreamClosed =
  | { readonly kind: 'done' }
  /** `local` tells which side reset it. */
  | { readonly kind: 'reset'; readonly code: number; readonly local: boolean }
  | { readonly kind: 'lost'; readonly error: TransportError };
