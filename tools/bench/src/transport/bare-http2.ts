import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Contestant } from './contestant.js';
import { bulkOver, echoOver, serveDuplex } from './over-duplex.js';

/** Window of a stream and of a session, bytes: as our TLS transport has it for a stream. */
const windowBytes = 1024 * 1024;

/** Streams of `node:http2` over TLS 1.3, which our own frames are the alternative to. */
export const bareHttp2: Contestant = {
  listen: async ({ certPem, keyPem }) => {
    const settings = { initialWindowSize: windowBytes };
    const server = http2.createSecureServer({ cert: certPem, key: keyPem, minVersion, settings });
    server.on('session', (session) => session.setLocalWindowSize(windowBytes));
    server.on('stream', (stream) => {
      stream.respond();
      serveDuplex(stream);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  dial: async (port, { certPem }) => {
    const settings = { initialWindowSize: windowBytes };
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca: certPem, minVersion, settings });
    await once(session, 'connect');
    session.setLocalWindowSize(windowBytes);
    return {
      bulk: (bytes) => bulkOver(session.request(post), bytes),
      echo: (count) => echoOver(session.request(post), count),
      close: () => session.destroy(),
    };
  },
};

const minVersion = 'TLSv1.3';
const post = { ':method': 'POST' };
