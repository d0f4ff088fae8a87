import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { bulkPieces, type Contestant, checkCount, EchoClock, echoByte, echoMessage } from './contestant.js';

/** A pair of `node:tls` sockets with nothing above them, TLS 1.3: the upper bound of the TLS transport. */
export const bareTls: Contestant = {
  listen: async ({ certPem, keyPem }) => {
    const server = tls.createServer({ cert: certPem, key: keyPem, minVersion, allowHalfOpen: true }, serve);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  dial: async (port, { certPem }) => {
    const socket = tls.connect({ host: '127.0.0.1', port, ca: certPem, minVersion });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return {
      bulk: (bytes) => bulk(socket, bytes),
      echo: (count) => echo(socket, count),
      close: () => {
        socket.destroy();
      },
    };
  },
};

const minVersion = 'TLSv1.3';

function serve(socket: TLSSocket): void {
  let first: number | undefined;
  let total = 0;
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => {
    first ??= bytes[0];
    total += bytes.length;
    if (first === echoByte && !socket.write(bytes)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end(first === echoByte ? '' : String(total)));
  socket.on('error', () => socket.destroy());
}

function bulk(socket: TLSSocket, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const pieces = bulkPieces(bytes);
    const answer: Buffer[] = [];
    const startedMs = performance.now();
    const write = (): void => {
      for (let next = pieces.next(); !next.done; next = pieces.next()) if (!socket.write(next.value)) return;
      socket.end();
    };
    socket.on('data', (piece: Buffer) => answer.push(piece));
    socket.on('drain', write);
    socket.on('error', reject);
    socket.on('end', () => {
      const elapsedMs = performance.now() - startedMs;
      try {
        checkCount(Buffer.concat(answer), bytes);
        resolve(elapsedMs);
      } catch (error) {
        reject(error);
      }
    });
    write();
  });
}

function echo(socket: TLSSocket, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const clock = new EchoClock(count);
    const send = (): void => {
      clock.start();
      socket.write(echoMessage);
    };
    socket.on('error', reject);
    socket.on('data', (bytes: Buffer) => {
      if (!clock.handleBytes(bytes.length)) return;
      if (clock.isDone) resolve(clock.timesMs);
      else send();
    });
    send();
  });
}
