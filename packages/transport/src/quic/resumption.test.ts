import { randomBytes } from 'node:crypto';
import { quiche } from '@matrixai/quic/native/index.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { certificateSha256 } from '../certificate-pair.js';
import { type BuiltEntry, buildWorkerEntry } from '../compliance/build-worker-entry.js';
import { makeLeaf } from '../compliance/test-certificates.js';
import { dialOptions, Inbox, TestConnection, TestStream, testCertificate } from '../compliance/tools.js';
import { type WatchedHandshakes, watchHandshakes } from '../compliance/watch-handshakes.js';
import type { CertificatePair, Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { createWorkerTransport } from '../worker/worker-transport.js';
import { type Config, makeDialConfig, makeListenConfig, type NativeConnection } from './native.js';
import { createQuicTransport } from './quic-transport.js';
import { withoutParameters } from './session.js';

type HandshakeOptions = NonNullable<Parameters<typeof dialOptions>[1]>;

let watched: WatchedHandshakes;
let built: BuiltEntry;

beforeAll(async () => {
  built = await buildWorkerEntry();
});
afterAll(() => built.remove());

describe.each(['quic', 'worker'] as const)('session resumption, %s', (kind) => {
  let dialer: Transport;
  let listening: Transport;
  let listener: Listener;
  let accepted: Inbox<Connection>;
  let certificate: CertificatePair;

  beforeEach(async () => {
    certificate = await testCertificate;
    watched = watchHandshakes();
    dialer = kind === 'quic' ? createQuicTransport() : createWorkerTransport({ workerEntry: built.entry });
    await listen({ port: 0 });
  });
  afterEach(async () => {
    await dialer.close();
    await listening.close();
    watched.restore();
  });

  const listen = async ({ port, streamsMax = 100 }: { port: number; streamsMax?: number }): Promise<void> => {
    listening = createQuicTransport({ streamsMax });
    listener = await listening.listen({ host: '127.0.0.1', port, certificate });
    accepted = new Inbox();
    listener.start({ onConnection: (connection) => accepted.push(connection) });
  };

  /** Dials, and waits for an answer, which comes after the tickets. */
  const connect = async (options: HandshakeOptions = {}): Promise<[TestConnection, TestConnection]> => {
    const near = new TestConnection(await dialer.dial(dialOptions(listener.address, options)));
    const far = new TestConnection(await accepted.next());
    const stream = new TestStream(near.connection.openStream());
    stream.stream.write(Buffer.from('?'));
    (await far.streams.next()).write(Buffer.from('!'));
    await stream.received(1);
    expect(hex(far.connection.certificateSha256)).toBe(hex(near.connection.certificateSha256));
    return [near, far];
  };

  /** Answers the kind of handshake that such a connection takes. */
  const handshake = async (options: HandshakeOptions = {}): Promise<string> => {
    const [{ connection }] = await connect(options);
    const isResumed = watched.accepted.at(-1)!.isResumed();
    expect(hex(connection.certificateSha256)).toBe(pinOf(certificate));
    connection.close(0, '');
    return isResumed ? 'resumed' : 'full';
  };

  const refusal = async (options: HandshakeOptions): Promise<string> =>
    dialer.dial(dialOptions(listener.address, options)).then(
      () => 'accepted',
      (thrown: { code: string }) => thrown.code,
    );

  test('under the same conditions, with the certificate known, again and again', async () => {
    expect(await handshake()).toBe('full');
    expect(await handshake()).toBe('resumed');
    expect(await handshake()).toBe('resumed');
  });

  test('a ticket is used once', async () => {
    await handshake();
    await Promise.all([1, 2, 3].map(() => dialer.dial(dialOptions(listener.address))));
    const kinds = watched.accepted.slice(1).map((native) => native.isResumed());
    expect(kinds.sort()).toEqual([false, false, true]);
  });

  test('a ticket won under none is never used under verify_peer', async () => {
    const tlsVerify = 'verify_peer';
    const caPem = [certificate.certPem];
    expect(await handshake()).toBe('full');
    expect(await refusal({ tlsVerify })).toBe('certificate_untrusted');
    expect(await refusal({ tlsVerify, host: 'localhost' })).toBe('certificate_untrusted');
    expect(await handshake({ tlsVerify, caPem })).toBe('full');
    expect(await handshake({ tlsVerify, caPem })).toBe('resumed');
    expect(await handshake()).toBe('resumed');
  });

  test('another CA, name or pin needs a handshake of its own', async () => {
    const tlsVerify = 'verify_peer';
    const caPem = [certificate.certPem];
    const fragment = `#sha256=${pinOf(certificate)}`;
    const other = (await makeLeaf()).certPem;
    expect(await handshake({ tlsVerify, caPem })).toBe('full');
    expect(await handshake({ tlsVerify, caPem: [...caPem, other] })).toBe('full');
    expect(await refusal({ tlsVerify, caPem: [other] })).toBe('certificate_untrusted');
    expect(await handshake({ tlsVerify, caPem, host: 'localhost' })).toBe('full');
    expect(await handshake({ tlsVerify, caPem, fragment })).toBe('full');
    expect(await handshake({ tlsVerify, caPem, fragment })).toBe('resumed');
    expect(await refusal({ tlsVerify, caPem, fragment: `#sha256=${'22'.repeat(32)}` })).toBe(
      'certificate_wrong_pin',
    );
  });

  test('who was refused leaves no ticket', async () => {
    const fragment = `#sha256=${'22'.repeat(32)}`;
    expect(await refusal({ fragment })).toBe('certificate_wrong_pin');
    expect(await refusal({ fragment })).toBe('certificate_wrong_pin');
    expect(watched.accepted.map((native) => native.isResumed())).toEqual([false, false]);
  });

  test('after a change of certificate both ends know the new one', async () => {
    const renewed = await makeLeaf();
    expect(await handshake()).toBe('full');
    expect(await handshake()).toBe('resumed');
    listener.setCertificate(renewed);
    certificate = renewed;
    expect(await handshake()).toBe('full');
    expect(await handshake()).toBe('resumed');
  });

  test('a listener that has started again refuses the ticket, and nobody notices', async () => {
    expect(await handshake()).toBe('full');
    const { port } = listener.address;
    await listening.close();
    // What it granted before doesn't count any more.
    await listen({ port, streamsMax: 10 });
    const [near, far] = await connect();
    expect(watched.accepted.at(-1)!.isResumed()).toBe(false);
    const streams = Array.from({ length: 30 }, () => new TestStream(near.connection.openStream()));
    for (const { stream } of streams) {
      stream.write(Buffer.from('x'));
      stream.end();
    }
    // Each that is over makes room for one more.
    for (let count = 0; count < streams.length; count++) {
      const theirs = new TestStream(await far.streams.next());
      await theirs.ended;
      theirs.stream.end();
    }
    for (const { closed } of streams) expect(await closed).toEqual({ kind: 'done' });
  });
});

describe('what is not kept', () => {
  test("a session's transport parameters, and what is no session", () => {
    const session = Buffer.from('0000000000000003aabbcc0000000000000002ddee', 'hex');
    expect(hex(withoutParameters(session)!)).toBe('0000000000000003aabbcc0000000000000000');
    for (let length = 0; length < 19; length++)
      expect(withoutParameters(session.subarray(0, length))).toBeUndefined();
    expect(withoutParameters(Buffer.alloc(32, 0xff))).toBeUndefined();
  });

  test('0-RTT: a ticket of our listener allows none', async () => {
    const certificate = await testCertificate;
    const tuning = { idleTimeoutMs: 1000, streamsMax: 1 };
    const listenConfig = makeListenConfig(quiche, certificate, tuning);
    const eager = makeDialConfig(quiche, { verify: false, ca: null }, tuning);
    eager.enableEarlyData();
    const first = beginHandshake(eager, listenConfig);
    first.finish();
    const again = beginHandshake(eager, listenConfig, first.dialer.session()!);
    expect(again.dialer.isInEarlyData()).toBe(false);
    again.finish();
    expect(again.dialer.isResumed()).toBe(true);
  });
});

/** A handshake in memory, the dialer's first packet made. */
function beginHandshake(
  dialConfig: Config,
  listenConfig: Config,
  session?: Uint8Array,
): { dialer: NativeConnection; finish(): void } {
  const near: SocketAddress = { host: '127.0.0.1', port: 1 };
  const far: SocketAddress = { host: '127.0.0.1', port: 2 };
  const dialer = quiche.Connection.connect(null, Buffer.alloc(0), near, far, dialConfig);
  if (session) dialer.setSession(session);
  const listener = quiche.Connection.accept(randomBytes(20), null, far, near, listenConfig);
  const pass = (from: NativeConnection, to: NativeConnection, addresses: SocketAddress[]): boolean => {
    const packet = Buffer.alloc(1350);
    const sent = from.send(packet);
    if (sent) to.recv(packet.subarray(0, sent[0]), { from: addresses[0]!, to: addresses[1]! });
    return sent !== null;
  };
  pass(dialer, listener, [near, far]);
  const finish = (): void => {
    while (pass(dialer, listener, [near, far]) || pass(listener, dialer, [far, near]));
  };
  return { dialer, finish };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function pinOf({ certPem }: CertificatePair): string {
  return hex(certificateSha256(certPem));
}
