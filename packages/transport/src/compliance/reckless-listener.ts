import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { quiche } from '@matrixai/quic/native/index.js';
import { listenerIdBytes, makeListenConfig, type NativeConnection } from '../quic/native.js';
import type { SocketAddress } from '../transport.js';
import { testCertificate } from './tools.js';

/**
 * Listens for one dialer with the binding and with none of the transport's rules, so that a hostile one can hang this process.
 * `onPacket` is told of each packet when it has come, and when it has been dealt with.
 */
export async function listenRecklessly(
  onPacket: (step: 'came' | 'done') => void = () => {},
): Promise<SocketAddress> {
  const config = makeListenConfig(quiche, await testCertificate, { idleTimeoutMs: 10_000, streamsMax: 8 });
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const local = { host: '127.0.0.1', port: socket.address().port };
  let native: NativeConnection | undefined;
  socket.on('message', (packet, { address, port }) => {
    onPacket('came');
    const from = { host: address, port };
    native ??= quiche.Connection.accept(randomBytes(listenerIdBytes), null, local, from, config);
    native.recv(packet, { from, to: local });
    const answer = Buffer.alloc(1350);
    for (let sent = native.send(answer); sent !== null; sent = native.send(answer))
      socket.send(Buffer.from(answer.subarray(0, sent[0])), sent[1].to.port, sent[1].to.host);
    onPacket('done');
  });
  return local;
}
