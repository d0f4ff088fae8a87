import dns from 'node:dns';
import { quiche } from '@matrixai/quic/native/index.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasIpv6Loopback } from '../compliance/ipv6.js';
import {
  bindUdp,
  dialOptions,
  Inbox,
  TestConnection,
  TestStream,
  testCertificate,
} from '../compliance/tools.js';
import { watchHandshakes } from '../compliance/watch-handshakes.js';
import type { Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { createQuicTransport } from './quic-transport.js';

const { Connection: nativeConnection } = quiche;
let dialer: Transport;
let listening: Transport;
let accepted: Inbox<Connection>;

beforeEach(() => {
  dialer = createQuicTransport();
  listening = createQuicTransport();
  accepted = new Inbox();
});
afterEach(async () => {
  vi.restoreAllMocks();
  quiche.Connection = nativeConnection;
  await dialer.close();
  await listening.close();
});

const listen = async (host: string, port = 0): Promise<Listener> => {
  const listener = await listening.listen({ host, port, certificate: await testCertificate });
  listener.start({ onConnection: (connection) => accepted.push(connection) });
  return listener;
};

const resolveTo = (...addresses: string[]): void => {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  vi.spyOn(dns.promises, 'lookup').mockResolvedValue(found as never);
};

/** A UDP port where nobody answers. */
const blackHole = async (): Promise<{ address: SocketAddress; close(): void }> => {
  const socket = await bindUdp();
  return { address: { host: '127.0.0.1', port: socket.address().port }, close: () => socket.close() };
};

test('a refused address costs nothing, the next one is taken', async () => {
  const { port } = (await listen('127.0.0.1')).address;
  resolveTo('::1', '127.0.0.2', '127.0.0.1');
  const started = performance.now();
  const connection = await dialer.dial(dialOptions({ host: 'relay.test', port }));
  // The time limit of the first would be 3.3 seconds.
  expect(performance.now() - started).toBeLessThan(2000);
  expect(connection.remoteAddress.host).toBe('127.0.0.1');
});

test('IPv4 is refused, IPv6 is not', async (context) => {
  context.skip(!hasIpv6Loopback, 'this machine has no IPv6 loopback');
  const { port } = (await listen('::1')).address;
  resolveTo('127.0.0.1', '::1');
  const connection = await dialer.dial(dialOptions({ host: 'localhost', port }));
  expect(connection.remoteAddress.host).toBe('::1');
});

test('a silent address costs its share of the time', async () => {
  const hole = await blackHole();
  await listen('127.0.0.2', hole.address.port);
  resolveTo('127.0.0.1', '127.0.0.2');
  const options = dialOptions({ host: 'relay.test', port: hole.address.port }, { connectTimeoutMs: 2000 });
  const started = performance.now();
  const connection = await dialer.dial(options);
  expect(connection.remoteAddress.host).toBe('127.0.0.2');
  expect(performance.now() - started).toBeGreaterThan(950);
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

test('a ticket is not lost on an address that refuses', async () => {
  const watched = watchHandshakes();
  const { port } = (await listen('127.0.0.1')).address;
  resolveTo('127.0.0.2', '127.0.0.1');
  for (const resumed of [false, true]) {
    const near = new TestConnection(await dialer.dial(dialOptions({ host: 'relay.test', port })));
    // What the listener says comes after the tickets.
    (await accepted.next()).openStream().write(Buffer.from('x'));
    await new TestStream(await near.streams.next()).received(1);
    expect(watched.accepted.at(-1)!.isResumed()).toBe(resumed);
  }
});

test('trusted certificates that are none', async () => {
  const { address } = await listen('127.0.0.1');
  const caPem = ['-----BEGIN CERTIFICATE-----\nx'];
  await expect(dialer.dial(dialOptions(address, { tlsVerify: 'verify_peer', caPem }))).rejects.toMatchObject({
    code: 'certificate_untrusted',
  });
});

test('a dialer without datagrams: the listener has none for it', async () => {
  const listener = await listen('127.0.0.1');
  quiche.Connection = {
    accept: (...input) => nativeConnection.accept(...input),
    connect: (name, id, from, to, config) => {
      config.enableDgram(false, 0, 0);
      return nativeConnection.connect(name, id, from, to, config);
    },
  };
  const near = new TestConnection(await dialer.dial(dialOptions(listener.address)));
  const far = new TestConnection(await accepted.next());
  expect(far.connection.datagramBytesMax).toBe(0);
  expect(far.connection.sendDatagram(Buffer.from('x'))).toBe(false);
  // Streams are as ever.
  far.connection.openStream().write(Buffer.from('x'));
  await new TestStream(await near.streams.next()).received(1);
});
