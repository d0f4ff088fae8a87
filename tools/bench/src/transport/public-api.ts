import { createHmac, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';
import { events, QUICClient, type QUICConnection, QUICServer, type QUICStream } from '@matrixai/quic';
import {
  bulkPieces,
  type Contestant,
  checkCount,
  EchoClock,
  echoByte,
  echoMessage,
  udpPayloadBytes,
} from './contestant.js';

/** The public streams of `@matrixai/quic`, as its documentation uses them: what the transport replaces. Everything but the packet size is its default. */
export const publicApi: Contestant = {
  listen: async ({ certPem, keyPem }) => {
    const server = new QUICServer({
      crypto: { key: toArrayBuffer(randomBytes(32)), ops: { sign, verify } },
      config: { key: keyPem, cert: certPem, verifyPeer: false, ...packets },
      logger,
    });
    server.addEventListener(events.EventQUICServerConnection.name, (event: unknown) => {
      const connection = (event as { detail: QUICConnection }).detail;
      connection.addEventListener(events.EventQUICConnectionStream.name, (opened: unknown) => {
        void serve((opened as { detail: QUICStream }).detail).catch(() => {});
      });
    });
    await server.start({ host: '127.0.0.1', port: 0 });
    return server.port;
  },

  dial: async (port) => {
    const client = await QUICClient.createQUICClient({
      host: '127.0.0.1',
      port,
      localHost: '127.0.0.1',
      crypto: {
        ops: {
          randomBytes: async (data) => {
            randomFillSync(new Uint8Array(data));
          },
        },
      },
      config: { verifyPeer: false, ...packets },
      logger,
    });
    return {
      bulk: (bytes) => bulk(client.connection.newStream(), bytes),
      echo: (count) => echo(client.connection.newStream(), count),
      close: () => client.destroy({ force: true }),
    };
  },
};

type Logger = NonNullable<ConstructorParameters<typeof QUICServer>[0]['logger']>;

// The default one writes every connection and stream to standard error.
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, getChild: () => silent };
const logger = silent as unknown as Logger;

const packets = { maxSendUdpPayloadSize: udpPayloadBytes };

async function serve(stream: QUICStream): Promise<void> {
  const writer = stream.writable.getWriter();
  let first: number | undefined;
  let total = 0;
  for await (const bytes of stream.readable) {
    first ??= bytes[0];
    total += bytes.length;
    if (first === echoByte) await writer.write(bytes);
  }
  if (first !== echoByte) await writer.write(Buffer.from(String(total)));
  await writer.close();
}

async function bulk(stream: QUICStream, bytes: number): Promise<number> {
  const writer = stream.writable.getWriter();
  const answer: Uint8Array[] = [];
  const startedMs = performance.now();
  for (const piece of bulkPieces(bytes)) await writer.write(piece);
  await writer.close();
  for await (const piece of stream.readable) answer.push(Uint8Array.from(piece));
  const elapsedMs = performance.now() - startedMs;
  checkCount(Buffer.concat(answer), bytes);
  return elapsedMs;
}

async function echo(stream: QUICStream, count: number): Promise<number[]> {
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const clock = new EchoClock(count);
  while (!clock.isDone) {
    clock.start();
    await writer.write(echoMessage);
    for (let isWhole = false; !isWhole; ) {
      const { value } = await reader.read();
      if (!value) throw new Error('the stream is over too early');
      isWhole = clock.handleBytes(value.length);
    }
  }
  await writer.close();
  return clock.timesMs;
}

async function sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer> {
  return toArrayBuffer(mac(key, data));
}

async function verify(key: ArrayBuffer, data: ArrayBuffer, signature: ArrayBuffer): Promise<boolean> {
  const expected = mac(key, data);
  return signature.byteLength === expected.length && timingSafeEqual(new Uint8Array(signature), expected);
}

function mac(key: ArrayBuffer, data: ArrayBuffer): Buffer {
  return createHmac('sha256', new Uint8Array(key)).update(new Uint8Array(data)).digest();
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
