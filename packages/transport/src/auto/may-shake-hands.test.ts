import { afterEach, beforeEach, expect, it } from 'vitest';
import { dialOptions, Inbox, testCertificate } from '../compliance/tools.js';
import { createQuicTransport } from '../quic/quic-transport.js';
import { createTlsTransport } from '../tls/tls-transport.js';
import type { Connection, Transport } from '../transport.js';
import { createAutoTransport } from './auto-transport.js';

let transports: Transport[];

beforeEach(() => {
  transports = [];
});
afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
});

const making = {
  quic: () => createQuicTransport(),
  tls: () => createTlsTransport({ environment: {} }),
  auto: () =>
    createAutoTransport({ transports: [createQuicTransport(), createTlsTransport({ environment: {} })] }),
};

/** A dialer, and a listener that lets no handshake begin so many times. */
async function pair(name: keyof typeof making, refusals: number) {
  const [listening, dialing] = [making[name](), making[name]()];
  transports.push(listening, dialing);
  const certificate = await testCertificate;
  const listener = await listening.listen({ host: '127.0.0.1', port: 0, certificate });
  const accepted = new Inbox<Connection>();
  let asked = 0;
  listener.start({
    onConnection: (connection) => accepted.push(connection),
    mayShakeHands: () => ++asked > refusals,
  });
  return { dial: () => dialing.dial(dialOptions(listener.address)), accepted, asked: () => asked };
}

it('a dialer over QUIC that may not shake hands yet comes in with its next packet', async () => {
  const { dial, accepted, asked } = await pair('quic', 1);
  await dial();
  expect((await accepted.next()).transport).toBe('quic');
  expect(asked()).toBe(2);
});

it('a dialer over TLS is told at once, and comes in the next time', async () => {
  const { dial, accepted } = await pair('tls', 1);
  await expect(dial()).rejects.toMatchObject({ name: 'TransportError' });
  await dial();
  expect((await accepted.next()).transport).toBe('tls');
});

it('a dialer that tries both does not go round by TLS: the packet that it repeats comes in', async () => {
  const { dial, accepted } = await pair('auto', 2);
  await dial();
  expect((await accepted.next()).transport).toBe('quic');
});
