import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dialOptions, resources, testCertificate } from '../compliance/tools.js';
import { TransportError } from '../errors.js';
import { createQuicTransport } from '../quic/quic-transport.js';
import { createTlsTransport } from '../tls/tls-transport.js';
import type { ListenOptions, Transport } from '../transport.js';
import { listenTogether } from './listen-together.js';

let quic: Transport;
let tls: Transport;
let any: ListenOptions;
beforeEach(async () => {
  quic = createQuicTransport();
  tls = createTlsTransport();
  any = { host: '127.0.0.1', port: 0, certificate: await testCertificate };
});
afterEach(async () => {
  await Promise.all([quic.close(), tls.close()]);
});

test('UDP and TCP get the same port number, and both answer there', async () => {
  const bound = await listenTogether([quic, tls], any);
  expect(bound.map(({ transport }) => transport.name)).toEqual(['quic', 'tls']);
  const [first, second] = bound.map(({ listener }) => listener);
  expect(first!.address).toEqual(second!.address);
  for (const transport of [quic, tls]) {
    const connection = await transport.dial(dialOptions(first!.address));
    expect(connection.transport).toBe(transport.name);
  }
});

test('a free port whose number the other protocol has taken: another one is found', async () => {
  const blocker = net.createServer();
  blocker.listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const taken = (blocker.address() as net.AddressInfo).port;
  const before = await resources();
  const tries: number[] = [];
  const listenAnywhere = quic.listen.bind(quic);
  // The first free UDP port is the one that is taken for TCP.
  vi.spyOn(quic, 'listen').mockImplementation((options) => {
    tries.push(options.port);
    const port = tries.length === 1 ? taken : options.port;
    return listenAnywhere({ ...options, port });
  });
  const bound = await listenTogether([quic, tls], any);
  expect(tries).toEqual([0, 0]);
  const ports = bound.map(({ listener }) => listener.address.port);
  expect(ports).not.toContain(taken);
  expect(ports[0]).toBe(ports[1]);
  await Promise.all(bound.map(({ listener }) => listener.close()));
  expect(await resources(before)).toEqual({});

  // A port that was asked for is not exchanged for another, and what was bound for it is free again.
  await expect(listenTogether([quic, tls], { ...any, port: taken })).rejects.toMatchObject({
    code: 'bind_failed',
  });
  expect(await resources(before)).toEqual({});
  blocker.close();
});

test('16 numbers in vain are enough', async () => {
  let tries = 0;
  const never = {
    ...tls,
    name: 'tls',
    listen: async () => {
      tries++;
      throw new TransportError('bind_failed', 'taken');
    },
  } as unknown as Transport;
  const before = await resources();
  await expect(listenTogether([quic, never], any)).rejects.toMatchObject({ code: 'bind_failed' });
  expect(tries).toBe(16);
  expect(await resources(before)).toEqual({});
});

test('a transport without binding is told and left out; without any left that is the error', async () => {
  const error = new TransportError('unsupported', 'no binding for this machine');
  const missing = { name: 'quic', listen: () => Promise.reject(error) } as unknown as Transport;
  const told = vi.fn();
  const bound = await listenTogether([missing, tls], any, told);
  expect(bound.map(({ transport }) => transport)).toEqual([tls]);
  expect(told.mock.calls).toEqual([[missing, error]]);
  await expect(listenTogether([missing], any)).rejects.toBe(error);
});
