import { createHash } from 'node:crypto';
import { replayHint, SeededRandom, seedsOf } from '@macula/testkit';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { ask, echo } from '../compliance/echo.js';
import { QuicBench } from '../compliance/quic-bench.js';
import {
  bindUdp,
  dialOptions,
  patternBytes,
  type TestConnection,
  TestStream,
  UdpProxy,
} from '../compliance/tools.js';

const packetsPerRun = 3000;
const transferBytes = 4_000_000;
const seeds = seedsOf(process.env, 3);

let bench: QuicBench;
beforeEach(async () => {
  bench = await QuicBench.open();
});
afterEach(() => bench.close());

/** What passed in each direction in some handshakes, with a question, an answer and a close behind each. */
async function capture(): Promise<{ listener: Buffer[]; dialer: Buffer[] }> {
  const captured = { listener: [] as Buffer[], dialer: [] as Buffer[] };
  for (let round = 0; round < 8; round++) {
    const proxy = await UdpProxy.open(bench.listener.address);
    proxy.onPacket = (packet, to) => captured[to].push(packet);
    const { near, far } = await bench.connect(proxy.address);
    echo(far);
    await ask(near.connection, 'x'.repeat(round * 300));
    near.connection.close(0, 'captured');
    await far.closed;
    proxy.close();
  }
  return captured;
}

/** One packet made of what was captured. */
function mutate(random: SeededRandom, captured: readonly Buffer[]): Uint8Array {
  const packet = Buffer.from(random.pick(captured));
  const other = random.pick(captured);
  switch (random.integer(7)) {
    case 0:
      return packet; // said before, or by somebody else
    case 1:
      for (let flips = random.integer(8); flips >= 0; flips--)
        packet[random.integer(packet.length)]! ^= 1 << random.integer(8);
      return packet;
    case 2:
      return packet.subarray(0, random.integer(packet.length));
    case 3:
      return Buffer.concat([packet, random.bytes(random.integer(200))]);
    case 4:
      return Buffer.concat([
        packet.subarray(0, random.integer(packet.length)),
        other.subarray(random.integer(other.length)),
      ]);
    case 5:
      // The header, and noise behind it.
      packet.set(random.bytes(packet.length - Math.min(30, packet.length)), Math.min(30, packet.length));
      return packet;
    default:
      return random.bytes(random.integer(1400));
  }
}

/** Sends bytes to an echo and checks what comes back, while `disturb` runs. */
async function transferDuring(near: TestConnection, disturb: () => Promise<void>): Promise<void> {
  const stream = new TestStream(near.connection.openStream());
  const pattern = patternBytes(100_000, 1);
  const sent = createHash('sha256');
  const writing = (async () => {
    for (let at = 0; at < transferBytes; at += pattern.length) {
      sent.update(pattern);
      await stream.writeAll([pattern]);
    }
    stream.stream.end();
  })();
  await Promise.all([disturb(), writing, stream.ended]);
  const got = createHash('sha256');
  for (const chunk of stream.chunks) got.update(chunk);
  expect(got.digest('hex')).toBe(sent.digest('hex'));
}

/** `packetsPerRun` times, with pauses in which packets arrive. */
async function repeat(inject: () => void): Promise<void> {
  for (let count = 0; count < packetsPerRun; count++) {
    inject();
    if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each(seeds)('mutated packets to a listener, from its dialer and from others, seed %i', async (seed) => {
  onTestFailed(() => console.error(replayHint(seed, 'npm run unit -- mutated-packets')));
  const random = new SeededRandom(seed);
  const captured = (await capture()).listener;
  const proxy = await UdpProxy.open(bench.listener.address);
  proxy.onPacket = (packet, to) => {
    if (to === 'listener') captured.push(packet);
    if (captured.length > 500) captured.splice(random.integer(400), 100);
  };
  const { near, far } = await bench.connect(proxy.address);
  echo(far);
  const strangers = await Promise.all(Array.from({ length: 8 }, () => bindUdp()));
  await transferDuring(near, () =>
    repeat(() => {
      const packet = mutate(random, captured);
      if (random.chance(0.5)) proxy.inject(packet);
      else random.pick(strangers).send(packet, bench.listener.address.port, '127.0.0.1');
    }),
  );
  const next = await bench.connect();
  echo(next.far);
  expect(await ask(next.near.connection, 'still there?')).toBe('still there?');
  for (const stranger of strangers) stranger.close();
  proxy.close();
});

test.each(seeds)('mutated packets to a dialer, from its listener, seed %i', async (seed) => {
  onTestFailed(() => console.error(replayHint(seed, 'npm run unit -- mutated-packets')));
  const random = new SeededRandom(seed);
  const captured = (await capture()).dialer;
  const proxy = await UdpProxy.open(bench.listener.address);
  proxy.onPacket = (packet, to) => {
    if (to === 'dialer') captured.push(packet);
    if (captured.length > 500) captured.splice(random.integer(400), 100);
  };
  const { near, far } = await bench.connect(proxy.address);
  echo(far);
  await transferDuring(near, () => repeat(() => proxy.injectBack(mutate(random, captured))));
  expect(await ask(near.connection, 'still there?')).toBe('still there?');
  proxy.close();
});

test('a listener that vanishes in the handshake is a connect_timeout, and others are served', async () => {
  const { near, far } = await bench.connect();
  echo(far);
  const proxy = await UdpProxy.open(bench.listener.address);
  proxy.onPacket = (_packet, to) => {
    if (to === 'dialer') proxy.sever();
  };
  const dialing = bench.transport.dial(dialOptions(proxy.address, { connectTimeoutMs: 500 }));
  await expect(dialing).rejects.toMatchObject({ code: 'connect_timeout' });
  expect(await ask(near.connection, 'and others?')).toBe('and others?');
  expect(bench.acceptedCount).toBe(1);
  proxy.close();
});
