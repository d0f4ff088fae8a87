import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { quiche } from '@matrixai/quic/native/index.js';
import type { Config, Connection } from '@matrixai/quic/native/types.js';
import {
  bulkPieces,
  type Contestant,
  checkCount,
  EchoClock,
  echoByte,
  echoMessage,
  pieceBytes,
  udpPayloadBytes,
} from './contestant.js';

/**
 * What the native binding of `@matrixai/quic` can do when next to nothing is above it: one stream, no limits on a turn, no
 * checks. In bulk there is one flush per turn of the event loop, in echo one per packet.
 */
export const nativePump: Contestant = {
  listen: async ({ certPem, keyPem }) => {
    const config = makeConfig([Buffer.from(keyPem)], [Buffer.from(certPem)]);
    const socket = await bind();
    const local = socket.address();
    const pumps = new Map<string, Pump>();
    socket.on('message', (packet, from) => {
      const key = `${from.address}:${from.port}`;
      let pump = pumps.get(key);
      if (!pump) {
        const peer = { host: from.address, port: from.port };
        const to = { host: local.address, port: local.port };
        const native = quiche.Connection.accept(randomBytes(20), null, to, peer, config);
        pump = new Pump(native, socket, peer, () => pumps.delete(key));
        pump.onWork = serve(pump);
        pumps.set(key, pump);
      }
      pump.receive(packet);
    });
    return local.port;
  },

  dial: async (port) => {
    const socket = await bind();
    const peer = { host: '127.0.0.1', port };
    const { address, port: localPort } = socket.address();
    const native = quiche.Connection.connect(
      'localhost',
      randomBytes(20),
      { host: address, port: localPort },
      peer,
      makeConfig(null, null),
    );
    const pump = new Pump(native, socket, peer, () => socket.close());
    socket.on('message', (packet) => pump.receive(packet));
    await new Promise<void>((resolve) => {
      pump.onWork = () => native.isEstablished() && resolve();
      pump.work();
    });
    return {
      bulk: (bytes) => bulk(pump, bytes),
      echo: (count) => echo(pump, count),
      close: () => pump.close(),
    };
  },
};

interface Peer {
  readonly host: string;
  readonly port: number;
}

class Pump {
  readonly native: Connection;
  /** Flush with each packet instead of once per turn. */
  isEager = false;
  onWork: () => void = () => {};
  readonly #socket: dgram.Socket;
  readonly #peer: Peer;
  readonly #info: { from: Peer; to: Peer };
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;

  constructor(native: Connection, socket: dgram.Socket, peer: Peer, onOver: () => void) {
    const { address, port } = socket.address();
    this.native = native;
    this.#socket = socket;
    this.#peer = peer;
    this.#info = { from: peer, to: { host: address, port } };
    this.#onOver = onOver;
  }

  receive(packet: Buffer): void {
    try {
      this.native.recv(packet, this.#info);
    } catch {
      // Shows in the connection.
    }
    if (this.isEager) this.work();
    else this.#schedule();
  }

  work(): void {
    this.onWork();
    this.#flush();
    if (this.native.isClosed() || this.native.isDraining()) this.#end();
  }

  close(): void {
    this.native.close(true, 0, Buffer.alloc(0));
    this.#flush();
    this.#end();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.work();
    });
  }

  #flush(): void {
    for (;;) {
      const packet = Buffer.allocUnsafe(udpPayloadBytes);
      const sent = this.native.send(packet);
      if (sent === null) break;
      this.#socket.send(packet.subarray(0, sent[0]), this.#peer.port, this.#peer.host);
    }
    clearTimeout(this.#timer);
    const timeoutMs = this.native.timeout();
    if (timeoutMs === null) return;
    this.#timer = setTimeout(() => this.#handleTimer(), Math.max(1, Math.ceil(timeoutMs)));
  }

  #handleTimer(): void {
    this.native.onTimeout();
    this.work();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.onWork = () => {};
    this.#onOver();
  }
}

function serve(pump: Pump): () => void {
  const { native } = pump;
  const scratch = Buffer.alloc(256 * 1024);
  let total = 0;
  return () => {
    if (!native.isEstablished()) return;
    for (const id of native.readable()) {
      for (let result = native.streamRecv(id, scratch); result !== null; ) {
        const [count, isEnd] = result;
        if (count > 0 && total === 0) pump.isEager = scratch[0] === echoByte;
        total += count;
        if (pump.isEager && count > 0) native.streamSend(id, scratch.subarray(0, count), false);
        if (isEnd) native.streamSend(id, Buffer.from(pump.isEager ? '' : String(total)), true);
        if (isEnd || count === 0) break;
        result = native.streamRecv(id, scratch);
      }
    }
  };
}

function bulk(pump: Pump, bytes: number): Promise<number> {
  const { native } = pump;
  return new Promise((resolve, reject) => {
    const answer = Buffer.alloc(pieceBytes);
    const pieces = bulkPieces(bytes);
    let piece = pieces.next().value;
    let isEndSent = false;
    const startedMs = performance.now();
    pump.onWork = () => {
      while (piece) {
        const count = native.streamSend(0, piece, false);
        if (!count) break;
        if (count < piece.length) {
          piece = piece.subarray(count);
          break;
        }
        piece = pieces.next().value;
      }
      if (!piece && !isEndSent) {
        isEndSent = true;
        native.streamSend(0, Buffer.alloc(0), true);
      }
      for (const id of native.readable()) {
        const result = native.streamRecv(id, answer);
        if (!result) continue;
        const elapsedMs = performance.now() - startedMs;
        try {
          checkCount(answer.subarray(0, result[0]), bytes);
          resolve(elapsedMs);
        } catch (error) {
          reject(error);
        }
      }
    };
    pump.work();
  });
}

function echo(pump: Pump, count: number): Promise<number[]> {
  const { native } = pump;
  pump.isEager = true;
  return new Promise((resolve) => {
    const answer = Buffer.alloc(pieceBytes);
    const clock = new EchoClock(count);
    const send = (): void => {
      clock.start();
      native.streamSend(0, echoMessage, false);
    };
    pump.onWork = () => {
      for (const id of native.readable()) {
        const result = native.streamRecv(id, answer);
        if (!result || !clock.handleBytes(result[0])) continue;
        if (clock.isDone) resolve(clock.timesMs);
        else send();
      }
    };
    send();
    pump.work();
  });
}

async function bind(): Promise<dgram.Socket> {
  const bytes = 8 * 1024 * 1024;
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: bytes, sendBufferSize: bytes });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function makeConfig(key: Buffer[] | null, chain: Buffer[] | null): Config {
  const signatures = 'ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256';
  const config = quiche.Config.withBoringSslCtx(false, false, null, key, chain, signatures);
  config.setApplicationProtos(['bench']);
  config.setMaxIdleTimeout(30_000);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(udpPayloadBytes);
  config.setInitialMaxData(64e6);
  config.setInitialMaxStreamDataBidiLocal(16e6);
  config.setInitialMaxStreamDataBidiRemote(16e6);
  config.setInitialMaxStreamsBidi(10_000);
  config.setMaxConnectionWindow(64e6);
  config.setMaxStreamWindow(32e6);
  config.setCcAlgorithmName('cubic');
  return config;
}
