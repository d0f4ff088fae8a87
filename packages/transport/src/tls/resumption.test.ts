import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { certificateSha256 } from '../certificate-pair.js';
import { dialOptions, Inbox, testCertificate } from '../compliance/tools.js';
import { makeDevCertificate } from '../dev-certificate.js';
import type { CertificatePair, Connection, DialOptions, SocketAddress, Transport } from '../transport.js';
import { createTlsTransport } from './tls-transport.js';

const pingBytes = 12;
const pongType = 8;

describe('session resumption', () => {
  let dialer: Transport;
  let server: tls.Server;
  let address: SocketAddress;
  let certificate: CertificatePair;
  let own: Uint8Array;
  /** For each handshake, whether it resumed a session. */
  let handshakes: Inbox<string>;

  beforeEach(async () => {
    certificate = await testCertificate;
    own = certificateSha256(certificate.certPem);
    dialer = createTlsTransport();
    handshakes = new Inbox();
    server = tls.createServer({
      cert: certificate.certPem,
      key: certificate.keyPem,
      ALPNProtocols: ['macula/1'],
    });
    server.on('secureConnection', (socket) => {
      handshakes.push(socket.isSessionReused() ? 'resumed' : 'full');
      socket.on('error', () => {});
      // Answers the first ping, after the tickets, so that the dialer has these when it has the answer.
      socket.once('data', (ping: Buffer) => {
        ping[0] = pongType;
        socket.write(ping.subarray(0, pingBytes));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  });
  afterEach(async () => {
    await dialer.close();
    server.close();
  });

  /** Dials, waits for the tickets; answers the kind of handshake. */
  const handshake = async (
    more: Partial<DialOptions> & { fragment?: string; host?: string } = {},
  ): Promise<string> => {
    const connection = await dialer.dial(dialOptions(address, more));
    expect(connection.certificateSha256).toEqual(own);
    connection.start({ onStream: () => {}, onClosed: () => {} });
    await vi.waitFor(() => expect(connection.stats().rttMs).toBeDefined(), { interval: 2 });
    connection.close(0, '');
    return handshakes.next();
  };

  test('under the same conditions, with the certificate known', async () => {
    expect(await handshake()).toBe('full');
    expect(await handshake()).toBe('resumed');
  });

  test('a ticket is used once', async () => {
    await handshake();
    // A full handshake gives two.
    await Promise.all([1, 2, 3].map(() => dialer.dial(dialOptions(address))));
    const kinds = [await handshakes.next(), await handshakes.next(), await handshakes.next()];
    expect(kinds.sort()).toEqual(['full', 'resumed', 'resumed']);
  });

  test('a ticket won under none is never used under verify_peer', async () => {
    const caPem = [certificate.certPem];
    await handshake();
    await expect(dialer.dial(dialOptions(address, { tlsVerify: 'verify_peer' }))).rejects.toMatchObject({
      code: 'certificate_untrusted',
    });
    expect(await handshake({ tlsVerify: 'verify_peer', caPem })).toBe('full');
    expect(await handshake({ tlsVerify: 'verify_peer', caPem })).toBe('resumed');
    expect(await handshake()).toBe('resumed');
  });

  test('another CA, name or pin needs a handshake of its own', async () => {
    const tlsVerify = 'verify_peer';
    const caPem = [certificate.certPem];
    const other = await makeDevCertificate({ names: ['x'], ips: [], days: 1 });
    expect(await handshake({ tlsVerify, caPem })).toBe('full');
    expect(await handshake({ tlsVerify, caPem: [certificate.certPem, other.certPem] })).toBe('full');
    expect(await handshake({ tlsVerify, caPem, host: 'localhost' })).toBe('full');
    const pin = Buffer.from(own).toString('hex');
    expect(await handshake({ tlsVerify, caPem, fragment: `#sha256=${pin}` })).toBe('full');
    expect(await handshake({ tlsVerify, caPem, fragment: `#sha256=${pin}` })).toBe('resumed');
    const wrong = dialOptions(address, { tlsVerify, caPem, fragment: `#sha256=${'22'.repeat(32)}` });
    await expect(dialer.dial(wrong)).rejects.toMatchObject({ code: 'certificate_wrong_pin' });
  });

  test('a certificate that has expired since is refused in a resumed session', async () => {
    const options = { tlsVerify: 'verify_peer', caPem: [certificate.certPem] } as const;
    await handshake(options);
    const later = Date.now() + 10 * 86_400_000;
    const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
    await expect(dialer.dial(dialOptions(address, options))).rejects.toMatchObject({
      code: 'certificate_expired',
    });
    clock.mockRestore();
  });

  test('our listener: both ends agree in resumed sessions, and after a change of certificate', async () => {
    const listener = await dialer.listen({ host: '127.0.0.1', port: 0, certificate });
    const accepted = new Inbox<Connection>();
    listener.start({ onConnection: (connection) => accepted.push(connection) });
    const seen: string[] = [];
    const other = await makeDevCertificate({ names: ['localhost'], ips: [], days: 1 });
    for (let round = 0; round < 6; round++) {
      if (round === 3) listener.setCertificate(other);
      const near = await dialer.dial(dialOptions(listener.address));
      near.start({ onStream: () => {}, onClosed: () => {} });
      const far = await accepted.next();
      expect(far.certificateSha256).toEqual(near.certificateSha256);
      await vi.waitFor(() => expect(near.stats().rttMs).toBeDefined(), { interval: 2 });
      await vi.waitFor(() => expect(far.stats().rttMs).toBeDefined(), { interval: 2 });
      seen.push(Buffer.from(near.certificateSha256).toString('hex'));
      near.close(0, '');
    }
    const [first, second] = [certificate, other].map(({ certPem }) =>
      Buffer.from(certificateSha256(certPem)).toString('hex'),
    );
    expect(seen).toEqual([first, first, first, second, second, second]);
  });
});
