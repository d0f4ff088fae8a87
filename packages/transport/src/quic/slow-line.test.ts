import { afterEach, expect, test } from 'vitest';
import { QuicBench } from '../compliance/quic-bench.js';
import { type LineOptions, type TestConnection, TestStream, UdpProxy } from '../compliance/tools.js';

let bench: QuicBench;
let proxy: UdpProxy;

async function connect(line: LineOptions): Promise<{ near: TestConnection; far: TestConnection }> {
  bench = await QuicBench.open();
  proxy = await UdpProxy.open(bench.listener.address);
  proxy.slow(line);
  return bench.connect(proxy.address);
}

afterEach(async () => {
  proxy.close();
  await bench.close();
});

/** Writes whenever the stream has room; counts what it took. */
function fill(stream: TestStream['stream']): { written: number; stop(): void } {
  const filling = { written: 0, stop: () => stream.reset(0) };
  const piece = Buffer.alloc(64 * 1024);
  const write = (): void => {
    let hasRoom = true;
    while (hasRoom) {
      hasRoom = stream.write(piece);
      filling.written += piece.length;
    }
  };
  stream.start({ onData: () => {}, onEnd: () => {}, onDrain: write, onClosed: () => {} });
  write();
  return filling;
}

test('control goes on beside bulk that fills a line of 5 MB/s, and bulk beside control', async () => {
  const { near, far } = await connect({ bytesPerSecond: 5e6, delayMs: 2 });
  const control = new TestStream(near.connection.openStream({ priority: 'control' }));
  control.stream.write(Buffer.from('?'));
  const echo: TestStream = new TestStream(await far.streams.next(), (bytes) => echo.stream.write(bytes));
  echo.stream.priority = 'control';
  await control.received(1);
  // Two that fill it: they also have their turns beside each other.
  const bulks = [fill(near.connection.openStream()), fill(near.connection.openStream())];
  const readers = [new TestStream(await far.streams.next()), new TestStream(await far.streams.next())];
  let answers = 0;
  const total = (): number => readers.reduce((sum, { bytes }) => sum + bytes, 0);
  // 10 MB last about 2 s. With the window given to whoever comes first, control had to wait for about as long: one answer or two.
  while (total() < 10_000_000) {
    control.stream.write(Buffer.from('?'));
    await control.received(1 + ++answers);
  }
  expect(answers).toBeGreaterThan(15);
  const [one, other] = readers.map(({ bytes }) => bytes);
  expect(Math.min(one!, other!) / Math.max(one!, other!)).toBeGreaterThan(0.5);
  for (const bulk of bulks) bulk.stop();
}, 60_000);

test('a reader that stops on a long line parks no more than the stream window', async () => {
  const { near, far } = await connect({ delayMs: 10, queueBytes: 8 << 20 });
  const bulk = fill(near.connection.openStream());
  const reader = new TestStream(await far.streams.next());
  // Fast for long enough that the binding would have raised the window to several MiB.
  await reader.received(20_000_000);
  reader.stream.pause();
  const atPause = reader.bytes;
  let last = -1;
  // Until the writer has come to a stand.
  while (last !== bulk.written) {
    last = bulk.written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const buffered = 256 * 1024 + 64 * 1024;
  expect(bulk.written - atPause).toBeLessThan(2 ** 20 + buffered + 64 * 1024);
  bulk.stop();
}, 60_000);
