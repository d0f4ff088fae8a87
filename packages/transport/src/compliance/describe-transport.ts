import { afterEach, beforeEach, describe } from 'vitest';
import type { CertificatePair, Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { addressCases } from './address-cases.js';
import { certificateCases } from './certificate-cases.js';
import { connectionCases } from './connection-cases.js';
import { datagramCases } from './datagram-cases.js';
import { stalledCases } from './stalled-cases.js';
import { streamCases } from './stream-cases.js';
import { dialOptions, Inbox, TestConnection, TestStream, testCertificate } from './tools.js';

/** Timeouts of a pair, where a test needs them short. */
export interface PairTuning {
  readonly idleTimeoutMs?: number;
  readonly keepAliveMs?: number;
}

/** Two transports that reach each other on 127.0.0.1. */
export interface TransportPair {
  readonly dialer: Transport;
  readonly listener: Transport;
  /** A way to the listener's address that can be severed. */
  link(address: SocketAddress): Promise<{ readonly address: SocketAddress; sever(): void; close(): void }>;
}

/** An address where nobody answers. */
export interface BlackHole {
  readonly address: SocketAddress;
  close(): void;
}

/** What the suite needs to know of an implementation. */
export interface TransportUnderTest {
  makePair(tuning: PairTuning): Promise<TransportPair> | TransportPair;
  /** The certificate is checked as in TLS, not only the pin. */
  readonly checksCertificates: boolean;
  /** Dials over UDP or TCP, so that a silent socket is a black hole. */
  readonly usesSockets: boolean;
  /** Default: a UDP socket. */
  makeBlackHole?(): Promise<BlackHole>;
  /** Default true. */
  readonly hasDatagrams?: boolean;
  /** What `#sha256=` pins of a listener with this certificate, as hexadecimal. Default: the certificate. */
  pinOf?(certificate: CertificatePair): string;
}

/** What each case works with. */
export interface Bench {
  readonly under: TransportUnderTest;
  pair(): TransportPair;
  /** A pair with other timeouts instead. */
  retune(tuning: PairTuning): Promise<void>;
  listen(): Promise<Listener>;
  /** Both ends of a new connection. */
  connect(): Promise<{ dialer: TestConnection; listener: TestConnection; address: SocketAddress }>;
  /** Both ends of a new connection that nobody has started. */
  connectRaw(): Promise<{ dialer: Connection; listener: Connection }>;
  /** Both ends of a new stream over a new connection; some bytes have passed. */
  streams(): Promise<{ near: TestStream; far: TestStream; dialer: TestConnection; listener: TestConnection }>;
}

/** The one suite that every transport passes. */
export function describeTransport(name: string, under: TransportUnderTest): void {
  describe(`${name} transport`, () => {
    let pair: TransportPair;
    const bench: Bench = {
      under,
      pair: () => pair,
      retune: async (tuning) => {
        await closePair(pair);
        pair = await under.makePair(tuning);
      },
      listen: async () =>
        pair.listener.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate }),
      connect: async () => {
        const listener = await bench.listen();
        const accepted = new Inbox<Connection>();
        listener.start({ onConnection: (connection) => accepted.push(connection) });
        const dialer = new TestConnection(await pair.dialer.dial(dialOptions(listener.address)));
        return { dialer, listener: new TestConnection(await accepted.next()), address: listener.address };
      },
      connectRaw: async () => {
        const listener = await bench.listen();
        const accepted = new Inbox<Connection>();
        listener.start({ onConnection: (connection) => accepted.push(connection) });
        const dialer = await pair.dialer.dial(dialOptions(listener.address));
        return { dialer, listener: await accepted.next() };
      },
      streams: async () => {
        const { dialer, listener } = await bench.connect();
        const near = new TestStream(dialer.connection.openStream());
        near.stream.write(Buffer.from('?'));
        const far = new TestStream(await listener.streams.next());
        await far.received(1);
        far.chunks.length = 0;
        far.bytes = 0;
        return { near, far, dialer, listener };
      },
    };

    beforeEach(async () => {
      pair = await under.makePair({});
    });
    afterEach(() => closePair(pair));

    streamCases(bench);
    stalledCases(bench);
    connectionCases(bench);
    datagramCases(bench);
    if (under.usesSockets) addressCases(bench);
    certificateCases(bench);
  });
}

async function closePair(pair: TransportPair): Promise<void> {
  await pair.dialer.close();
  await pair.listener.close();
}
