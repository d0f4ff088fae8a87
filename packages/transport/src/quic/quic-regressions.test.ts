import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { quiche } from '@matrixai/quic/native/index.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  bindUdp,
  Deferred,
  dialOptions,
  Inbox,
  patternBytes,
  resources,
  TestConnection,
  TestStream,
  testCertificate,
  UdpProxy,
} from '../compliance/tools.js';
import type { Connection, Listener, SocketAddress, Transport } from '../transport.js';
import { makeDialConfig } from './native.js';
import { createQuicTransport } from './quic-transport.js';

let transport: Transport;
let listener: Listener;
let accepted: Inbox<Connection>;
let acceptedCount: number;

async function listen(options: Parameters<typeof createQuicTransport>[0] = {}): Promise<void> {
  transport = createQuicTransport(options);
  listener = await transport.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
  accepted = new Inbox();
  acceptedCount = 0;
  listener.start({
    onConnection: (connection) => {
      acceptedCount++;
      accepted.push(connection);
    },
  });
}

async function connect(
  address: SocketAddress = listener.address,
): Promise<{ near: TestConnection; far: TestConnection }> {
  const near = new TestConnection(await transport.dial(dialOptions(address)));
  return { near, far: new TestConnection(await accepted.next()) };
}

/** Echoes every stream of the connection. */
function echo(connection: TestConnection): void {
  void (async () => {
    for (;;) {
      const far: TestStream = new TestStream(await connection.streams.next(), (bytes) =>
        far.stream.write(bytes),
      );
      void far.ended.then(() => far.stream.end());
    }
  })();
}

async function ask(connection: Connection, text: string): Promise<string> {
  const stream = new TestStream(connection.openStream({ priority: 'control' }));
  stream.stream.write(Buffer.from(text));
  stream.stream.end();
  await stream.ended;
  return stream.text();
}

/** The first packet of a dialer with the given connection id. */
function firstPacket(scid: Uint8Array, from: SocketAddress): Buffer {
  const config = makeDialConfig(quiche, { verify: false, ca: null }, { idleTimeoutMs: 1000, streamsMax: 1 });
  const native = quiche.Connection.connect(null, scid, from, listener.address, config);
  const packet = Buffer.alloc(1350);
  return packet.subarray(0, native.send(packet)![0]);
}

beforeEach(() => listen());
afterEach(() => transport.close());

describe('what the bundled quiche must be kept from', () => {
  test('an Initial with a connection id of its own is dropped', async () => {
    const socket = await bindUdp();
    const answers: Buffer[] = [];
    socket.on('message', (packet) => answers.push(packet));
    const from = { host: '127.0.0.1', port: socket.address().port };
    const { port } = listener.address;
    socket.send(firstPacket(randomBytes(20), from), port, '127.0.0.1');
    await connect();
    expect(acceptedCount).toBe(1);
    expect(answers).toHaveLength(0);
    // The very same with an empty one is answered.
    socket.send(firstPacket(Buffer.alloc(0), from), port, '127.0.0.1');
    await once(socket, 'message');
    socket.close();
  });

  test('handshakes that nobody goes on with are bounded, and keep nobody out whose address is true', async () => {
    const socket = await bindUdp();
    const from = { host: '127.0.0.1', port: socket.address().port };
    let answered = 0;
    socket.on('message', () => answered++);
    for (let index = 0; index < 1024; index++) {
      socket.send(firstPacket(Buffer.alloc(0), from), listener.address.port, '127.0.0.1');
      const before = answered;
      await vi.waitFor(() => expect(answered).toBeGreaterThan(before), { interval: 1 });
    }
    const { near, far } = await connect();
    echo(far);
    expect(await ask(near.connection, 'after a Retry')).toBe('after a Retry');
    expect(acceptedCount).toBe(1);
    socket.close();
  });

  test('garbage and mutated packets leave everybody alone', async () => {
    const proxy = await UdpProxy.open(listener.address);
    const { near, far } = await connect(proxy.address);
    echo(far);
    const other = await connect();
    echo(other.far);
    const first = firstPacket(Buffer.alloc(0), proxy.address);
    for (let round = 0; round < 500; round++) {
      const source = round % 2 === 0 ? first : proxy.lastPacket!;
      const mutated = Buffer.from(source);
      for (let flips = 0; flips < 1 + (round % 5); flips++) {
        mutated[(round * 31 + flips * 7) % mutated.length]! ^= 1 << (round % 8);
      }
      proxy.inject(mutated);
      proxy.inject(randomBytes(1 + ((round * 13) % 1300)));
      proxy.inject(source.subarray(0, round % source.length));
      if (round % 50 === 0) expect(await ask(near.connection, `round ${round}`)).toBe(`round ${round}`);
    }
    expect(await ask(near.connection, 'still here')).toBe('still here');
    expect(await ask(other.near.connection, 'me too')).toBe('me too');
    proxy.close();
  });

  test('streams that read on for a moment only, all at once, are no reason to close', async () => {
    const { near, far } = await connect();
    const full = Array.from({ length: 6 }, () => new TestStream(near.connection.openStream()));
    for (const { stream } of full) stream.write(Buffer.alloc(2 * 1024 * 1024));
    const readers: TestStream[] = [];
    for (let index = 0; index < full.length; index++) {
      const reader: TestStream = new TestStream(await far.streams.next(), () => reader.stream.pause());
      readers.push(reader);
    }
    // The windows are full when nothing comes any more.
    let before = -1;
    while (far.connection.stats().bytesReceived > before) {
      before = far.connection.stats().bytesReceived;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(before).toBeGreaterThan(4 * 1024 * 1024);
    echo(far);
    for (let round = 0; round < 3; round++) {
      for (const reader of readers) reader.stream.resume();
      expect(await ask(near.connection, 'x')).toBe('x');
    }
  });

  test('20 stalled streams block neither control nor bulk, however much passed', async () => {
    const { near, far } = await connect();
    const stalled = Array.from({ length: 20 }, () => near.connection.openStream());
    for (const stream of stalled) while (stream.write(Buffer.alloc(64 * 1024)));
    for (let index = 0; index < stalled.length; index++) (await far.streams.next()).pause();
    echo(far);
    const bulk = new TestStream(near.connection.openStream(), () => {});
    for (let round = 0; round < 30; round++) {
      await bulk.writeAll([Buffer.alloc(1_000_000)]);
      expect(await ask(near.connection, `round ${round}`)).toBe(`round ${round}`);
    }
    await bulk.received(30_000_000);
  });

  test.each(['dialer', 'listener', 'both'] as const)(
    '300 streams reset by the %s leave the grant',
    async (who) => {
      await transport.close();
      await listen({ streamsMax: 10 });
      const { near, far } = await connect();
      for (let round = 0; round < 300; round++) {
        const mine = new TestStream(near.connection.openStream());
        mine.stream.write(Buffer.alloc(round * 10 + 1));
        const theirs = new TestStream(await far.streams.next());
        if (round % 3 === 0) theirs.stream.write(Buffer.alloc(5000));
        if (round % 5 === 0) theirs.stream.pause();
        if (who !== 'listener') mine.stream.reset(round);
        if (who !== 'dialer') theirs.stream.reset(round);
        expect(await mine.closed).toMatchObject({ kind: 'reset', code: round });
        expect(await theirs.closed).toMatchObject({ kind: 'reset', code: round });
      }
      echo(far);
      expect(await ask(near.connection, 'more')).toBe('more');
    },
  );

  test('streams beyond the grant wait for it', async () => {
    await transport.close();
    await listen({ streamsMax: 10 });
    const { near, far } = await connect();
    echo(far);
    const answers = Array.from({ length: 200 }, (_, index) => ask(near.connection, `stream ${index}`));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 200 }, (_, index) => `stream ${index}`));
  });
});

describe('networks', () => {
  test('a NAT that changes the port several times loses no byte', async () => {
    const proxy = await UdpProxy.open(listener.address);
    const { near, far } = await connect(proxy.address);
    const stream = new TestStream(near.connection.openStream());
    const pattern = patternBytes(100_000, 1);
    const sent = createHash('sha256');
    const got = createHash('sha256');
    stream.stream.write(Buffer.alloc(0));
    let theirs: TestStream | undefined;
    for (let round = 0; round < 12; round++) {
      sent.update(pattern);
      await stream.writeAll([pattern]);
      theirs ??= new TestStream(await far.streams.next());
      if (round > 0) await proxy.rebind();
      await theirs.received((round + 1) * pattern.length);
      // The way back works as well, over the new port.
      theirs.stream.write(Buffer.from('x'));
      await stream.received(round + 1);
    }
    for (const chunk of theirs!.chunks) got.update(chunk);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    proxy.close();
  });

  test('a listener that forgot the connection says so', async () => {
    const restarted = createQuicTransport();
    const second = await restarted.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
    const proxy = await UdpProxy.open(listener.address);
    const { near } = await connect(proxy.address);
    proxy.redirect(second.address);
    near.connection.openStream().write(Buffer.from('anybody there?'));
    expect(await near.closed).toMatchObject({ kind: 'lost', error: { code: 'reset' } });
    await restarted.close();
    proxy.close();
  });

  test('a peer whose process is gone is noticed at the next packet', async () => {
    const gone = await bindUdp();
    const proxy = await UdpProxy.open(listener.address);
    const { near } = await connect(proxy.address);
    proxy.close();
    near.connection.openStream().write(Buffer.from('anybody there?'));
    expect(await near.closed).toMatchObject({ kind: 'lost', error: { code: 'reset' } });
    gone.close();
  });

  test('another version is answered with ours', async () => {
    const socket = await bindUdp();
    const packet = firstPacket(Buffer.alloc(0), { host: '127.0.0.1', port: socket.address().port });
    packet.writeUInt32BE(0x1a2a3a4a, 1);
    socket.send(packet, listener.address.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer.readUInt32BE(1)).toBe(0);
    expect(answer.includes(Buffer.from([0, 0, 0, 1]))).toBe(true);
    socket.close();
  });

  test('IPv6', async () => {
    const six = await transport.listen({ host: '::1', port: 0, certificate: await testCertificate });
    const arrived = new Deferred<Connection>();
    six.start({ onConnection: arrived.resolve });
    const near = await transport.dial(dialOptions(six.address));
    expect((await arrived.promise).remoteAddress.host).toBe('::1');
    expect(near.remoteAddress).toEqual(six.address);
  });
});

describe('around', () => {
  test('MACULA_TRANSPORT=tls turns QUIC off', async () => {
    vi.stubEnv('MACULA_TRANSPORT', 'tls');
    const off = createQuicTransport();
    const unsupported = { code: 'unsupported' };
    await expect(off.dial(dialOptions(listener.address))).rejects.toMatchObject(unsupported);
    const certificate = await testCertificate;
    await expect(off.listen({ host: '127.0.0.1', port: 0, certificate })).rejects.toMatchObject(unsupported);
    vi.unstubAllEnvs();
  });

  test('after close no socket and no timer is left', async () => {
    await transport.close();
    const before = await resources();
    await listen();
    const { near, far } = await connect();
    echo(far);
    await ask(near.connection, 'x');
    const hole = await bindUdp();
    const dialing = transport.dial(dialOptions({ host: '127.0.0.1', port: hole.address().port }));
    const failed = expect(dialing).rejects.toMatchObject({ code: 'closed' });
    await once(hole, 'message');
    await transport.close();
    await failed;
    await new Promise((resolve) => hole.close(() => resolve(undefined)));
    expect(await resources(before)).toEqual({});
  });
});
