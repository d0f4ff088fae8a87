import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  Deferred,
  dialOptions,
  Inbox,
  patternBytes,
  TestConnection,
  TestStream,
  testCertificate,
} from '../compliance/tools.js';
import { streamWindowBytesMax, tlsHandshakeMsMax, tlsHandshakesMax, tlsStreamsMax } from '../limits.js';
import type { Connection, Listener, Transport } from '../transport.js';
import { FrameWriter } from './frame-writer.js';
import type { Frame } from './frames.js';
import { createTlsTransport } from './tls-transport.js';

describe('hostile and broken peers', () => {
  let dialer: Transport;
  let listening: Transport;
  let listener: Listener;
  let accepted: Inbox<Connection>;
  let raws: net.Socket[];

  beforeEach(async () => {
    dialer = createTlsTransport();
    listening = createTlsTransport();
    listener = await listening.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
    accepted = new Inbox();
    listener.start({ onConnection: (connection) => accepted.push(connection) });
    raws = [];
  });
  afterEach(async () => {
    for (const raw of raws) raw.destroy();
    await dialer.close();
    await listening.close();
  });

  const rawTcp = async (localAddress?: string): Promise<net.Socket> => {
    const socket = net.connect({ ...listener.address, ...(localAddress ? { localAddress } : {}) });
    raws.push(socket.on('error', () => {}));
    await once(socket, 'connect');
    return socket;
  };

  /** A peer that speaks TLS and says what it likes. */
  const rawTls = async (
    options: tls.ConnectionOptions = { ALPNProtocols: ['macula/1'] },
  ): Promise<tls.TLSSocket> => {
    const socket = tls.connect({ ...listener.address, rejectUnauthorized: false, ...options });
    raws.push(socket.on('error', () => {}));
    await once(socket, 'secureConnect');
    return socket;
  };

  const serves = async (): Promise<boolean> => {
    const near = new TestConnection(
      await dialer.dial(dialOptions(listener.address, { connectTimeoutMs: 1000 })),
    );
    const far = new TestConnection(await accepted.next());
    const stream = new TestStream(near.connection.openStream());
    stream.stream.write(Buffer.from('still here'));
    const echo = new TestStream(await far.streams.next());
    await echo.received(10);
    near.connection.close(0, '');
    await far.closed;
    return echo.text() === 'still here';
  };

  test('garbage instead of TLS ends that connection', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const socket = await rawTcp();
      socket.resume();
      socket.write(patternBytes(seed * 50, seed));
      if (seed % 2) socket.end();
      await once(socket, 'close');
    }
    expect(await serves()).toBe(true);
  });

  test('TLS without our protocol, or an older one, is refused', async () => {
    const noAlpn = await rawTls({});
    noAlpn.resume();
    await once(noAlpn, 'close');
    await expect(rawTls({ ALPNProtocols: ['h2'] })).rejects.toThrow(/alpn|no application protocol/i);
    await expect(rawTls({ ALPNProtocols: ['macula/1'], maxVersion: 'TLSv1.2' })).rejects.toThrow(/version/i);
    expect(await serves()).toBe(true);
  });

  test('a dialer learns that the other side speaks something else', async () => {
    const { certPem: cert, keyPem: key } = await testCertificate;
    const other = tls.createServer({ cert, key }).listen(0, '127.0.0.1');
    const hangUp = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    const babble = net.createServer((socket) => socket.on('error', () => {}).end(patternBytes(500, 1)));
    babble.listen(0, '127.0.0.1');
    for (const server of [other, hangUp, babble]) {
      if (!server.listening) await once(server, 'listening');
      const { port } = server.address() as net.AddressInfo;
      await expect(dialer.dial(dialOptions({ host: '127.0.0.1', port }))).rejects.toMatchObject({
        code: 'handshake_failed',
      });
      server.close();
    }
  });

  const ping: Frame = { kind: 'ping', token: 1 };
  const data = (stream: number, length: number): Frame => ({
    kind: 'data',
    stream,
    bytes: Buffer.alloc(length),
  });
  const open = (stream: number): Frame => ({ kind: 'open', stream });
  test.each<[string, (Frame | string)[]]>([
    ['an unknown frame', [ping, '0b00000000000000']],
    ['a frame that is too long', [ping, '0101000100000000']],
    ["a stream with the listener's id", [ping, open(1)]],
    ['a stream opened twice', [ping, open(0), open(0)]],
    [
      'more streams than granted',
      [ping, ...Array.from({ length: tlsStreamsMax + 1 }, (_, index) => open(2 * index))],
    ],
    ["data for a listener's stream that was never opened", [ping, data(1, 1)]],
    ['more data than the window', [ping, open(0), data(0, streamWindowBytesMax), data(0, 1)]],
    ['data after the end', [ping, open(0), { kind: 'end', stream: 0 }, data(0, 1)]],
    ['two ends', [ping, open(0), { kind: 'end', stream: 0 }, { kind: 'end', stream: 0 }]],
    ['credit for nothing', [ping, open(0), { kind: 'credit', stream: 0, bytes: 0 }]],
    ['credit for what was never sent', [ping, open(0), { kind: 'credit', stream: 0, bytes: 1 }]],
    ['more streams over than opened', [ping, { kind: 'streams', count: 1 }]],
  ])('%s is a protocol violation', async (_, frames) => {
    const witness = new TestConnection(await dialer.dial(dialOptions(listener.address)));
    const farWitness = new TestConnection(await accepted.next());
    const raw = await rawTls();
    raw.resume();
    raw.write(encode(frames));
    const connection = await accepted.next();
    const ended = new Deferred<unknown>();
    connection.start({ onStream: (stream) => stream.pause(), onClosed: ended.resolve });
    expect(await ended.promise).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
    await once(raw, 'close');
    const stream = new TestStream(witness.connection.openStream());
    stream.stream.write(Buffer.from('x'));
    await new TestStream(await farWitness.streams.next()).received(1);
  });

  test('a first frame that is no ping: never announced', async () => {
    const raw = await rawTls();
    raw.resume();
    raw.write(encode([open(0)]));
    await once(raw, 'close');
    expect(await serves()).toBe(true);
  });

  test('mutated talk hurts nobody else', async () => {
    const talk = encode([
      ping,
      open(0),
      data(0, 300),
      { kind: 'credit', stream: 0, bytes: 1 },
      open(2),
      data(2, 50),
      { kind: 'reset', stream: 0, code: 5 },
      { kind: 'end', stream: 2 },
      { kind: 'close', code: 1, reason: 'bye' },
    ]);
    const ends: Promise<unknown>[] = [];
    for (let seed = 1; seed <= 60; seed++) {
      const mutated = Buffer.from(talk);
      const random = patternBytes(8, seed * 7919);
      // The first ping stays, so that the connection is announced.
      for (let at = 0; at < 8; at += 2)
        mutated[12 + ((random[at]! * 251) % (talk.length - 12))] = random[at + 1]!;
      const raw = await rawTls();
      raw.resume();
      raw.end(mutated);
      ends.push(new TestConnection(await accepted.next()).closed);
    }
    for (const end of await Promise.all(ends))
      expect(end).toMatchObject({ kind: expect.stringMatching(/^(peer|lost)$/) });
    expect(await serves()).toBe(true);
  });

  test('handshakes that never end keep nobody out, and end after their time', async () => {
    const more = 20;
    const closed: Promise<unknown>[] = [];
    const started = performance.now();
    for (let index = 0; index < tlsHandshakesMax + more; index++) {
      const socket = await rawTcp();
      closed.push(once(socket.resume(), 'close'));
      // The beginning of a TLS record.
      if (index % 2) socket.write(Buffer.from('160301', 'hex'));
    }
    // Also one that stops after the handshake of TLS.
    const mute = await rawTls();
    closed.push(once(mute.resume(), 'close'));
    expect(await serves()).toBe(true);
    expect(performance.now() - started).toBeLessThan(tlsHandshakeMsMax);
    await Promise.all(closed);
    expect(performance.now() - started).toBeLessThan(tlsHandshakeMsMax + 2500);
    expect(mute.destroyed).toBe(true);
  });

  test('an address with more than its share of handshakes ends its own, not those of others', async () => {
    const honest = await rawTcp('127.0.0.2');
    const flood: net.Socket[] = [];
    for (let index = 0; index < tlsHandshakesMax + 20; index++) {
      const socket = await rawTcp('127.0.0.3');
      flood.push(socket.resume());
    }
    await vi.waitFor(() => expect(flood[0]!.destroyed).toBe(true));
    expect(honest.destroyed).toBe(false);
    const secure = tls.connect({ socket: honest, rejectUnauthorized: false, ALPNProtocols: ['macula/1'] });
    secure.on('error', () => {});
    await once(secure, 'secureConnect');
    for (const socket of flood) socket.destroy();
  });

  test('a peer that asks and never reads is dropped, and costs little', async () => {
    const raw = await rawTls();
    raw.pause();
    raw.write(encode([ping]));
    const connection = new TestConnection(await accepted.next());
    const pings = encode(Array.from({ length: 10_000 }, () => ping));
    const before = usedBytes();
    const flood = (): void => {
      while (!raw.destroyed && raw.write(pings));
    };
    raw.on('drain', flood);
    flood();
    expect(await connection.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
    raw.destroy();
    expect(usedBytes() - before).toBeLessThan(16 * 2 ** 20);
  });

  test('a stopped reader keeps memory flat, however small the pieces are', async () => {
    const raw = await rawTls();
    raw.resume();
    raw.write(encode([ping, open(0)]));
    const connection = new TestConnection(await accepted.next());
    const stream = await connection.streams.next();
    stream.pause();
    // A frame for each byte; frames of another kind in between keep them from being one.
    const count = 300_000;
    const block = Buffer.from('0100000100000000' + '78' + '070000040000000000000001', 'hex');
    const blocks = Buffer.concat(Array.from({ length: 1000 }, () => block));
    const before = usedBytes();
    for (let sent = 0; sent < count; sent += 1000) if (!raw.write(blocks)) await once(raw, 'drain');
    raw.write(encode([open(2), data(2, 1)]));
    await new TestStream(await connection.streams.next()).received(1);
    expect(usedBytes() - before).toBeLessThan(16 * 2 ** 20);
    const far = new TestStream(stream);
    stream.resume();
    await far.received(count);
    expect(far.bytes).toBe(count);
  });
});

describe('many streams', () => {
  let dialer: Transport;
  let listening: Transport;
  let near: TestConnection;
  let far: TestConnection;

  beforeEach(async () => {
    dialer = createTlsTransport();
    listening = createTlsTransport();
    const listener = await listening.listen({
      host: '127.0.0.1',
      port: 0,
      certificate: await testCertificate,
    });
    const accepted = new Inbox<Connection>();
    listener.start({ onConnection: (connection) => accepted.push(connection) });
    near = new TestConnection(await dialer.dial(dialOptions(listener.address)));
    far = new TestConnection(await accepted.next());
  });
  afterEach(async () => {
    await dialer.close();
    await listening.close();
  });

  test('20 stalled streams after 100 MB do not hold up control', async () => {
    const bytesEach = 5_000_000;
    const chunk = patternBytes(50_000, 1);
    const arrived: Promise<void>[] = [];
    const bulk = Array.from({ length: 20 }, () => new TestStream(near.connection.openStream()));
    const writing = bulk.map((stream) =>
      stream.writeAll(Array.from({ length: bytesEach / chunk.length }, () => chunk)),
    );
    const fars: TestStream[] = [];
    for (let index = 0; index < bulk.length; index++) {
      const stream: TestStream = new TestStream(await far.streams.next(), () => {});
      fars.push(stream);
      arrived.push(stream.received(bytesEach));
    }
    await Promise.all([...writing, ...arrived]);
    for (const { stream } of fars) stream.pause();
    // Until nothing goes any more, in both directions.
    for (const { stream } of [...bulk, ...fars]) {
      stream.pause();
      const stuck = (): void => {
        while (stream.write(chunk));
      };
      stream.start({ onData: () => {}, onEnd: () => {}, onDrain: stuck, onClosed: () => {} });
      stuck();
    }
    const started = performance.now();
    const control = new TestStream(near.connection.openStream({ priority: 'control' }));
    control.stream.write(Buffer.from('ping'));
    const answering = new TestStream(await far.streams.next());
    answering.stream.priority = 'control';
    await answering.received(4);
    answering.stream.write(Buffer.from('pong'));
    await control.received(4);
    expect(performance.now() - started).toBeLessThan(100);
    expect(bulk.every(({ stream }) => stream.bufferedBytes > 0)).toBe(true);
  });

  test('streams beyond the limit wait until others are over', async () => {
    const nears = Array.from({ length: tlsStreamsMax + 10 }, () => near.connection.openStream());
    for (const stream of nears) stream.write(Buffer.from('x'));
    const fars: TestStream[] = [];
    for (let index = 0; index < tlsStreamsMax; index++) fars.push(new TestStream(await far.streams.next()));
    for (const stream of fars) await stream.received(1);
    const late = far.streams.next();
    const soon = new Promise((resolve) => setTimeout(() => resolve('waits'), 50));
    expect(await Promise.race([late, soon])).toBe('waits');
    for (const { stream } of fars.slice(0, 100)) stream.reset(1);
    const first = new TestStream(await late);
    await first.received(1);
    for (let index = 1; index < 10; index++) await new TestStream(await far.streams.next()).received(1);
  });

  test('10,000 reset streams leave the stream credit as it was', async () => {
    for (let round = 0; round < 100; round++) {
      const streams = Array.from({ length: 100 }, () => near.connection.openStream());
      // Some are known to the peer, some are not.
      for (const [index, stream] of streams.entries()) if (index % 2) stream.write(Buffer.from('x'));
      if (round % 2) for (let index = 0; index < 50; index++) await far.streams.next();
      for (const stream of streams) stream.reset(1);
    }
    const streams = Array.from({ length: tlsStreamsMax - 200 }, () => near.connection.openStream());
    for (const stream of streams) stream.write(Buffer.from('last'));
    let open = 0;
    while (open < streams.length) {
      const stream = new TestStream(await far.streams.next());
      stream.stream.start({ onData: () => open++, onEnd: () => {}, onDrain: () => {}, onClosed: () => {} });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(open).toBe(streams.length);
  });
});

function encode(frames: readonly (Frame | string)[]): Buffer {
  const parts = frames.map((frame) => {
    if (typeof frame === 'string') return Buffer.from(frame, 'hex');
    const writer = new FrameWriter();
    writer.write(frame);
    return Buffer.concat(writer.takeBuffers());
  });
  return Buffer.concat(parts);
}

/** What is in use after a collection. */
function usedBytes(): number {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
