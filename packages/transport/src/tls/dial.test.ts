import dns from 'node:dns';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tcpBlackHole } from '../compliance/tcp-tools.js';
import { dialOptions, testCertificate } from '../compliance/tools.js';
import type { Listener, Transport } from '../transport.js';
import { createTlsTransport } from './tls-transport.js';

let dialer: Transport;
let listening: Transport;

beforeEach(() => {
  dialer = createTlsTransport({ environment: {} });
  listening = createTlsTransport();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await dialer.close();
  await listening.close();
});

const listen = async (host: string, port = 0): Promise<Listener> => {
  const listener = await listening.listen({ host, port, certificate: await testCertificate });
  listener.start({ onConnection: () => {} });
  return listener;
};

const resolveTo = (...addresses: string[]): void => {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  vi.spyOn(dns.promises, 'lookup').mockResolvedValue(found as never);
};

test('a refused address costs nothing, the next one is taken', async () => {
  const { port } = (await listen('127.0.0.1')).address;
  resolveTo('::1', '127.0.0.2', '127.0.0.1');
  const started = performance.now();
  const connection = await dialer.dial(dialOptions({ host: 'relay.test', port }));
  expect(performance.now() - started).toBeLessThan(500);
  expect(connection.remoteAddress.host).toBe('127.0.0.1');
});

test('a silent address costs its share of the time', async () => {
  const hole = await tcpBlackHole();
  await listen('127.0.0.2', hole.address.port);
  resolveTo('127.0.0.1', '127.0.0.2');
  const options = dialOptions({ host: 'relay.test', port: hole.address.port }, { connectTimeoutMs: 1000 });
  const started = performance.now();
  const connection = await dialer.dial(options);
  expect(connection.remoteAddress.host).toBe('127.0.0.2');
  expect(performance.now() - started).toBeGreaterThan(450);
  expect(performance.now() - started).toBeLessThan(900);
  hole.close();
});

test('when every address fails, the last failure is told', async () => {
  const { port } = (await listen('127.0.0.1')).address;
  resolveTo('127.0.0.2', '127.0.0.3');
  await expect(dialer.dial(dialOptions({ host: 'relay.test', port }))).rejects.toMatchObject({
    code: 'refused',
  });
  resolveTo();
  await expect(dialer.dial(dialOptions({ host: 'relay.test', port }))).rejects.toMatchObject({
    code: 'name_not_resolved',
  });
});

test('a wrong certificate ends the dialing: the other addresses are of the same relay', async () => {
  const { port } = (await listen('127.0.0.1')).address;
  await listen('127.0.0.2', port);
  resolveTo('127.0.0.1', '127.0.0.2');
  const options = dialOptions({ host: 'relay.test', port }, { tlsVerify: 'verify_peer' });
  await expect(dialer.dial(options)).rejects.toMatchObject({ code: 'certificate_untrusted' });
});

test('a transport closed in the middle of dialing', async () => {
  const hole = await tcpBlackHole();
  const dialing = dialer.dial(dialOptions(hole.address));
  const refused = expect(dialing).rejects.toMatchObject({ code: 'closed' });
  await new Promise((resolve) => setImmediate(resolve));
  await dialer.close();
  await refused;
  hole.close();
});

test('trusted certificates that are none', async () => {
  const { address } = await listen('127.0.0.1');
  const options = dialOptions(address, {
    tlsVerify: 'verify_peer',
    caPem: ['-----BEGIN CERTIFICATE-----\nx'],
  });
  await expect(dialer.dial(options)).rejects.toMatchObject({ code: 'certificate_untrusted' });
});
