/**
 * A process that sends a listener first packets of dialers that there are none of, from many addresses of 127.0.0.0/8 and ports:
 * half of them begin a handshake that nobody goes on with, half are a true header in front of noise. Arguments: port, packets, packets per
 * second. It prints `half` when half of them are sent, and at the end JSON with what it sent and what was answered.
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { quiche } from '@matrixai/quic/native/index.js';
import { makeDialConfig } from '../quic/native.js';

const socketCount = 256;
const handshakeCount = 2048;
const tickMs = 2;
const [port, total, perSecond] = process.argv.slice(2).map(Number) as [number, number, number];

let answered = 0;
const sockets = await Promise.all(
  Array.from({ length: socketCount }, async (_, index) => {
    const socket = dgram.createSocket({
      type: 'udp4',
      lookup: (host, _options, done) => done(null, host, 4),
    });
    socket.on('message', () => answered++);
    const host = `127.${index % 200}.${(index * 7) % 250}.${1 + (index % 250)}`;
    await new Promise((resolve) => socket.bind(0, host, () => resolve(undefined)));
    return socket;
  }),
);
const config = makeDialConfig(quiche, { verify: false, ca: null }, { idleTimeoutMs: 5000, streamsMax: 8 });
const handshakes = Array.from({ length: handshakeCount }, () => {
  const from = { host: '127.0.0.1', port: 1 };
  const native = quiche.Connection.connect(null, Buffer.alloc(0), from, { host: '127.0.0.1', port }, config);
  const packet = Buffer.alloc(1350);
  return packet.subarray(0, native.send(packet)![0]);
});
// first | version 1 | length of destination id | destination id | length of source id, token, packet
const noise = Buffer.concat([
  Buffer.from([0xc3, 0, 0, 0, 1, 20]),
  Buffer.alloc(20),
  Buffer.from([0, 0, 0x44, 0x80]),
]);

let sent = 0;
const startMs = performance.now();
const timer = setInterval(() => {
  const due = Math.min(total, ((performance.now() - startMs) / 1000) * perSecond);
  for (; sent < due; sent++) {
    sockets[sent % socketCount]!.send(
      sent % 2 === 0 ? handshakes[(sent / 2) % handshakeCount]! : makeNoise(),
      port,
    );
    if (sent === total >> 1) process.stdout.write('half\n');
  }
  if (sent < total) return;
  clearInterval(timer);
  const seconds = (performance.now() - startMs) / 1000;
  setTimeout(() => {
    process.stdout.write(`${JSON.stringify({ sent, answered, seconds })}\n`);
    for (const socket of sockets) socket.close();
  }, 200);
}, tickMs);

function makeNoise(): Buffer {
  const packet = Buffer.concat([noise, randomBytes(1170)]);
  randomBytes(20).copy(packet, 6);
  return packet;
}
