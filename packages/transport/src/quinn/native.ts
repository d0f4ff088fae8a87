import { pathToFileURL } from 'node:url';
import { requireQuicOn } from '../core/transport-setting.js';
import { TransportError } from '../errors.js';
import { streamWindowBytesMax } from '../limits.js';

/** What this package uses of the native classes; `@chainsafe/libp2p-quic` declares them as `any`. */
export interface Quinn {
  readonly QuinnConfig: new (settings: NativeSettings) => NativeConfig;
  readonly Client: new (config: NativeConfig, family: 0 | 1) => NativeClient;
  readonly Server: new (config: NativeConfig, ip: string, port: number) => NativeServer;
}

/** Settings of an endpoint: milliseconds and bytes; all are needed and all are 32-bit. */
export interface NativeSettings {
  /** libp2p's protobuf of an Ed25519 key pair. */
  readonly privateKeyProto: Uint8Array;
  /** Not used by the binding. */
  readonly handshakeTimeout: number;
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  readonly maxConcurrentStreamLimit: number;
  readonly maxStreamData: number;
  readonly maxConnectionData: number;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
}

declare const isConfig: unique symbol;
/** Key and settings of an endpoint, opaque. */
export interface NativeConfig {
  readonly [isConfig]: true;
}

/** An endpoint that dials; its socket lives until the object is collected. */
export interface NativeClient {
  outboundConnection(ip: string, port: number): Promise<NativeConnection>;
  /** Closes all its connections with code 0, and refuses new ones. */
  abort(): void;
}

/** An endpoint that accepts. */
export interface NativeServer {
  port(): number;
  /** Takes the next connection, then waits for its handshake: call it several times at once. */
  inboundConnection(): Promise<NativeConnection>;
  /** Closes all its connections with code 0, waits until they have drained, unbinds. Once. */
  abort(): Promise<void>;
}

/** A connection. Streams come in the order of their ids. */
export interface NativeConnection {
  inboundStream(): Promise<NativeStream>;
  /** Waits for stream credit. */
  outboundStream(): Promise<NativeStream>;
  /** Closes at once, with code 0. */
  abort(): void;
  /** Resolves when closed, for whatever reason; the reason is the message that a pending {@link inboundStream} rejects with. */
  closed(): Promise<void>;
  /** Whole milliseconds. */
  rtt(): number;
  /** `/ip4/127.0.0.1/udp/4433/quic-v1/p2p/12D3Koo…` */
  remoteMultiaddr(): string;
  stats(): {
    readonly udpTxBytes: number;
    readonly udpRxBytes: number;
    readonly pathLostPackets: number;
  };
}

/**
 * A stream. Each direction has a lock that its calls hold until they settle, in no certain order: a reset waits for a
 * blocked write, a stop for a pending read, and two writes at once may swap. So: one call per direction at a time,
 * save for the two that end it.
 *
 * A call of any of these classes that rejects keeps its object, and with it the memory of its connection (some 50 kB), for
 * the life of the process.
 */
export interface NativeStream {
  /** Decimal number, counted from 0 per opener. Throws while a write is pending. */
  id(): string;
  /** Allocates `bytesMax` at once, also while it waits; null at the end. */
  read(bytesMax: number): Promise<Uint8Array | null>;
  /** Resolves when all bytes are in the send buffer. */
  write(bytes: Uint8Array): Promise<void>;
  finishWrite(): Promise<void>;
  /** The code that peers see is always 0. */
  resetWrite(): Promise<void>;
  /** The code that peers see is always 0. */
  stopRead(): Promise<void>;
}

let loading: Promise<Quinn> | undefined;

/**
 * Loads the native binding, once.
 * @throws TransportError with code `unsupported` where there is none, or where `MACULA_TRANSPORT=tls` turns QUIC off
 */
export async function loadQuinn(): Promise<Quinn> {
  requireQuicOn();
  loading ??= importBinding();
  try {
    return await loading;
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new TransportError('unsupported', `the quinn binding can't be loaded on ${machine}`, { cause });
  }
}

/** What tests and special deployments may change. */
export interface QuinnTuning {
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly streamsMax: number;
}

/** Configuration of an endpoint with this key. */
export function makeConfig(quinn: Quinn, privateKeyProto: Uint8Array, tuning: QuinnTuning): NativeConfig {
  return new quinn.QuinnConfig({
    privateKeyProto,
    handshakeTimeout: tuning.idleTimeoutMs,
    maxIdleTimeout: tuning.idleTimeoutMs,
    keepAliveInterval: tuning.keepAliveMs,
    // One more for the control stream.
    maxConcurrentStreamLimit: tuning.streamsMax + 1,
    maxStreamData: streamWindowBytesMax,
    // Practically none, since one stalled stream must not block the rest.
    maxConnectionData: uint32Max,
    receiveBufferSize: socketBufferBytes,
    sendBufferSize: socketBufferBytes,
  });
}

/** As keep-alive interval: never. */
export const uint32Max: number = 2 ** 32 - 1;

/** The package exports its libp2p classes only; the module with the native ones, which finds the platform's binary, is beside them. */
async function importBinding(): Promise<Quinn> {
  const main = import.meta.resolve('@chainsafe/libp2p-quic');
  const path = main.startsWith('file:') ? main : pathToFileURL(main).href;
  return (await import(/* @vite-ignore */ new URL('napi.js', path).href)) as Quinn;
}

const socketBufferBytes = 8 * 1024 * 1024;
