import type { Quiche } from '@matrixai/quic/native/index.js';
import type { Config } from '@matrixai/quic/native/types.js';
import { requireQuicOn } from '../core/transport-setting.js';
import { TransportError } from '../errors.js';
import { connectionWindowBytes, streamWindowBytesMax, udpPayloadBytesMax } from '../limits.js';
import type { CertificatePair } from '../transport.js';
import { noticesWindowBytes } from './reset-notices.js';

export type { Quiche } from '@matrixai/quic/native/index.js';
export type { Config, Connection as NativeConnection, Host, SendInfo } from '@matrixai/quic/native/types.js';

/** Application protocol named in the handshake (ALPN). */
export const applicationProtocol = 'macula/1';

/** Bytes of a listener's connection ids; a dialer's are empty. */
export const listenerIdBytes = 20;

/**
 * Paths a listener's connection can use, so 63 changes of the peer's address in a connection's life. Behind the last one lies silence: packets
 * from a further address are dropped, and the dialer can't tell.
 */
const activeConnectionIdsMax = 64;

/** Paths in use from which on a connection should be renewed: 8 changes of address are left for that. */
export const renewalDuePaths: number = activeConnectionIdsMax - 8;

/** Datagrams waiting in either direction. */
const datagramQueueMax = 256;

const signatureAlgorithms =
  'ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384:rsa_pkcs1_sha256';

/** What tests and special deployments may change. */
export interface QuicTuning {
  readonly idleTimeoutMs: number;
  readonly streamsMax: number;
}

let loading: Promise<Quiche> | undefined;

/**
 * Loads the native binding, once.
 * @throws TransportError with code `unsupported` where there is none, or where `MACULA_TRANSPORT=tls` turns it off
 */
export async function loadQuiche(): Promise<Quiche> {
  requireQuicOn();
  loading ??= import('@matrixai/quic/native/index.js').then((module) => module.quiche);
  try {
    return await loading;
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new TransportError('unsupported', `the QUIC binding can't be loaded on ${machine}`, { cause });
  }
}

/** How a dialer checks the listener's certificate natively. */
export interface NativeVerify {
  readonly verify: boolean;
  /** Trusted certificates, PEM; used when `verify`. */
  readonly ca: Buffer | null;
}

/** Configuration of dialers. */
export function makeDialConfig(quiche: Quiche, native: NativeVerify, tuning: QuicTuning): Config {
  const config = quiche.Config.withBoringSslCtx(
    true,
    !native.verify,
    native.ca,
    null,
    null,
    signatureAlgorithms,
  );
  return tune(config, tuning);
}

/**
 * Configuration of a listener.
 * @throws TransportError with code `bad_certificate`
 */
export function makeListenConfig(quiche: Quiche, certificate: CertificatePair, tuning: QuicTuning): Config {
  let config: Config;
  try {
    const key = [Buffer.from(certificate.keyPem)];
    const chain = [Buffer.from(certificate.certPem)];
    config = quiche.Config.withBoringSslCtx(false, false, null, key, chain, signatureAlgorithms);
  } catch (thrown) {
    throw TransportError.from(thrown, 'bad_certificate');
  }
  config.setActiveConnectionIdLimit(activeConnectionIdsMax);
  return tune(config, tuning);
}

function tune(config: Config, tuning: QuicTuning): Config {
  config.setApplicationProtos([applicationProtocol]);
  config.setMaxIdleTimeout(tuning.idleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(udpPayloadBytesMax);
  // Only the first grant; 2^40 since the window that quiche renews is small, and one stalled stream would block all.
  config.setInitialMaxData(connectionWindowBytes);
  config.setMaxConnectionWindow(connectionWindowBytes);
  config.setInitialMaxStreamDataBidiLocal(streamWindowBytesMax);
  config.setInitialMaxStreamDataBidiRemote(streamWindowBytesMax);
  config.setMaxStreamWindow(streamWindowBytesMax);
  config.setInitialMaxStreamsBidi(tuning.streamsMax);
  config.setInitialMaxStreamsUni(1);
  config.setInitialMaxStreamDataUni(noticesWindowBytes);
  config.setCcAlgorithmName('cubic');
  // Not to pace: SendInfo.at can't be read from JavaScript. But quiche 0.18 takes the pacer's clock for the time a packet is sent, and
  // with pacing off that clock stands still for up to 4 x srtt at the smallest window: under loss srtt doubled again and again.
  config.enablePacing(true);
  config.enableDgram(true, datagramQueueMax, datagramQueueMax);
  return config;
}
