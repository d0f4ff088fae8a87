import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import type { Contestant } from './contestant.js';
import { bulkOver, echoOver, serveDuplex } from './over-duplex.js';

/** A pair of `node:tls` sockets with nothing above them, TLS 1.3: the upper bound of the TLS transport. */
export const bareTls: Contestant = {
  listen: async ({ certPem, keyPem }) => {
    const options = { cert: certPem, key: keyPem, minVersion, allowHalfOpen: true } as const;
    const server = tls.createServer(options, (socket) => {
      socket.setNoDelay(true);
      serveDuplex(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  dial: async (port, { certPem }) => {
    const socket = tls.connect({ host: '127.0.0.1', port, ca: certPem, minVersion });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return {
      bulk: (bytes) => bulkOver(socket, bytes),
      echo: (count) => echoOver(socket, count),
      close: () => {
        socket.destroy();
      },
    };
  },
};

const minVersion = 'TLSv1.3';
