import { quiche } from '@matrixai/quic/native/index.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeSeveralAddresses, resolveTo } from '../compliance/several-addresses.js';
import {
  bindUdp,
  dialOptions,
  Inbox,
  TestConnection,
  TestStream,
  testCertificate,
} from '../compliance/tools.js';
import { watchHandshakes } from '../compliance/watch-handshakes.js';
import type { Connection, Listener, Transport } from '../transport.js';
import { createQuicTransport } from './quic-transport.js';

describeSeveralAddresses('quic', {
  makeDialer: () => createQuicTransport(),
  makeListener: () => createQuicTransport(),
  makeBlackHole: async () => {
    const socket = await bindUdp();
    return { address: { host: '127.0.0.1', port: socket.address().port }, close: () => socket.close() };
  },
});

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
