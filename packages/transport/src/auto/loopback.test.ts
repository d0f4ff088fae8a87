import { randomBytes } from 'node:crypto';
import type dgram from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateSha256 } from '../certificate-pair.js';
import { describeTransport } from '../compliance/describe-transport.js';
import { bindTcp } from '../compliance/tcp-tools.js';
import { bindUdp, dialOptions, resources, testCertificate, UdpProxy } from '../compliance/tools.js';
import { makeDevCertificate } from '../dev-certificate.js';
import { TransportError } from '../errors.js';
import { createQuicTransport, type QuicTransportOptions } from '../quic/quic-transport.js';
import { identityOfSeed, identityText } from '../quinn/identity.js';
import { quinnPeerIdentity } from '../quinn/quinn-connection.js';
import { createQuinnTransport } from '../quinn/quinn-transport.js';
import { parseRelayUrl } from '../relay-url.js';
import { createTlsTransport } from '../tls/tls-transport.js';
import type { Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { createAutoTransport } from './auto-transport.js';

const makeAuto = (tuning: QuicTransportOptions = {}, headStartMs?: number): Transport =>
  createAutoTransport({
    transports: [createQuicTransport(tuning), createTlsTransport({ ...tuning, environment: {} })],
    ...(headStartMs === undefined ? {} : { headStartMs }),
  });

describeTransport('auto', {
  checksCertificates: true,
  usesSockets: true,
  makePair: (tuning) => ({
    // A head start that a busy machine doesn't use up, since this suite has the ways of QUIC.
    dialer: makeAuto(tuning, 5000),
    listener: makeAuto(tuning),
    link: (address) => UdpProxy.open(address),
  }),
  makeBlackHole: async () => {
    const { silent, bound: server } = await besideSilentUdp(bindTcp);
    return {
      address: { host: '127.0.0.1', port: silent.address().port },
      close: () => {
        server.close();
        silent.close();
      },
    };
  },
});

describe('auto on loopback', () => {
  let dialer: Transport;
  let quic: Transport;
  let tls: Transport;

  beforeEach(() => {
    dialer = makeAuto();
    quic = createQuicTransport();
    tls = createTlsTransport();
  });
  afterEach(async () => {
    await Promise.all([dialer, quic, tls].map((transport) => transport.close()));
  });

  const listen = async (transport: Transport, port = 0): Promise<Listener> => {
    const listener = await transport.listen({ host: '127.0.0.1', port, certificate: await testCertificate });
    listener.start({ onConnection: () => {} });
    return listener;
  };
  const timed = async (address: SocketAddress): Promise<{ connection: Connection; ms: number }> => {
    const started = performance.now();
    const connection = await dialer.dial(dialOptions(address));
    return { connection, ms: performance.now() - started };
  };

  test('on a machine without a binding for QUIC, quinn serves where the URL names its port, else TLS', async () => {
    const [relaySeed, agentSeed] = [randomBytes(32), randomBytes(32)];
    const [here, there] = [agentSeed, relaySeed].map((identitySeed) =>
      createQuinnTransport({ identitySeed }),
    );
    const missing: Transport = {
      name: 'quic',
      dial: () => Promise.reject(new TransportError('unsupported', 'no binding')),
      listen: () => Promise.reject(new TransportError('unsupported', 'no binding')),
      close: async () => {},
    };
    const auto = createAutoTransport({ transports: [missing, createTlsTransport(), here!] });
    const { address } = await listen(tls);
    const { port: quinnPort } = (await listen(there!)).address;
    const id = identityText(identityOfSeed(relaySeed).publicKey);
    const dial = async (fragment: string): Promise<Connection> => {
      const url = parseRelayUrl(`https://127.0.0.1:${address.port}${fragment}`);
      return auto.dial({ ...dialOptions(address), url });
    };
    const connection = await dial(`#id=${id}&quinn=${quinnPort}`);
    expect(connection.transport).toBe('quinn');
    expect(quinnPeerIdentity(connection)).toBe(id);
    expect((await dial('')).transport).toBe('tls');
    const wrongId = identityText(identityOfSeed(agentSeed).publicKey);
    // Over TLS it is HELLO that finds it out.
    expect((await dial(`#id=${wrongId}&quinn=${quinnPort}`)).transport).toBe('tls');
    await Promise.all([auto.close(), there!.close()]);
  });

  test('UDP into a black hole costs the head start once, and nothing while TLS goes first', async () => {
    const { silent, bound } = await besideSilentUdp((port) => listen(tls, port));
    const { address } = bound;
    let packets = 0;
    silent.on('message', () => packets++);
    const first = await timed(address);
    expect(first.connection.transport).toBe('tls');
    expect(first.ms).toBeGreaterThanOrEqual(299);
    // A second more for whatever else this machine does.
    expect(first.ms).toBeLessThan(1300);
    expect(packets).toBeGreaterThan(0);
    packets = 0;
    expect((await dialer.dial(dialOptions(address))).transport).toBe('tls');
    expect(packets).toBe(0);
    silent.close();
  });

  test('UDP that is refused costs nothing', async () => {
    const { address } = await listen(tls);
    // The head start is far longer than the whole test may take.
    const patient = makeAuto({}, 60_000);
    const connection = await patient.dial(dialOptions(address, { connectTimeoutMs: 120_000 }));
    expect(connection.transport).toBe('tls');
    await patient.close();
  });

  test('where only UDP answers, or both do, it is QUIC', async () => {
    const patient = makeAuto({}, 5000);
    const { address } = await listen(quic);
    expect((await patient.dial(dialOptions(address))).transport).toBe('quic');
    await listen(tls, address.port);
    expect((await patient.dial(dialOptions(address))).transport).toBe('quic');
    await patient.close();
  });

  test('both dead: refused by name, and nothing stays', async () => {
    const before = await resources();
    const listener = await listen(tls);
    await listener.close();
    await expect(dialer.dial(dialOptions(listener.address))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/quic: .*tls: |tls: .*quic: /),
    });
    expect(await resources(before)).toEqual({});
  });

  test('a race that is over, or given up, leaves no socket and no timer', async () => {
    const before = await resources();
    const { silent, bound } = await besideSilentUdp((port) => listen(tls, port));
    const { address } = bound;
    const { connection } = await timed(address);
    connection.close(0, '');
    const closing = makeAuto();
    const dialing = closing.dial(dialOptions({ host: '127.0.0.1', port: silent.address().port }));
    const given = expect(dialing).rejects.toMatchObject({ code: 'closed' });
    await new Promise((resolve) => setImmediate(resolve));
    await closing.close();
    await given;
    silent.close();
    await tls.close();
    expect(await resources(before)).toEqual({});
  });

  test.each(['quic', 'tls'] as const)(
    'what %s has refused the other does not accept instead: both check the certificate',
    async (first) => {
      const pinned = certificateSha256((await testCertificate).certPem);
      const certificate = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
      const listener = await quic.listen({ host: '127.0.0.1', port: 0, certificate });
      await tls.listen({ ...listener.address, certificate });
      const fragment = `#sha256=${Buffer.from(pinned).toString('hex')}`;
      const ways = [{ fragment }, { tlsVerify: 'verify_peer' as const }];
      for (const way of ways) {
        const options = dialOptions(listener.address, way);
        if (first === 'tls') {
          // TLS goes first where it has won before.
          const silent = await bindUdp();
          const { port } = silent.address();
          const trusted = await listen(tls, port);
          await dialer.dial(dialOptions(trusted.address));
          silent.close();
          await trusted.close();
          const other = await quic.listen({ host: '127.0.0.1', port, certificate });
          const otherTls = await tls.listen({ host: '127.0.0.1', port, certificate });
          await expect(dialer.dial(dialOptions({ host: '127.0.0.1', port }, way))).rejects.toMatchObject({
            code: expect.stringMatching(/^certificate_/),
          });
          await Promise.all([other.close(), otherTls.close()]);
        }
        await expect(dialer.dial(options)).rejects.toMatchObject({
          code: expect.stringMatching(/^certificate_/),
        });
      }
    },
  );
});

/** What was bound to a port of TCP, and a socket of UDP at the same port that hears and says nothing: one that is free for both. */
async function besideSilentUdp<Bound>(
  bind: (port: number) => Promise<Bound>,
): Promise<{ readonly silent: dgram.Socket; readonly bound: Bound }> {
  for (let tries = 1; ; tries++) {
    const silent = await bindUdp();
    try {
      return { silent, bound: await bind(silent.address().port) };
    } catch (error) {
      silent.close();
      if (tries === 16 || TransportError.from(error, 'bind_failed').code !== 'bind_failed') throw error;
    }
  }
}
