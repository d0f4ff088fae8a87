import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, echo } from '../compliance/echo.js';
import { QuicBench } from '../compliance/quic-bench.js';
import { Deferred, type TestConnection, TestStream } from '../compliance/tools.js';
import { codeMax } from '../limits.js';
import type { QuicConnection } from './quic-connection.js';
import type { QuicStream } from './quic-stream.js';

/** Streams reset in each test, and how many may be open at once: far fewer. */
const total = 10_000;
const streamsMax = 64;

/** What was said on a stream before one end resets it and the other is told. */
const states: readonly ((resetting: TestStream, told: TestStream) => Promise<void> | void)[] = [
  () => {},
  (resetting) => resetting.stream.pause(),
  (_resetting, told) => told.stream.pause(),
  (resetting, told) => {
    resetting.stream.write(Buffer.alloc(500));
    told.stream.write(Buffer.alloc(500));
  },
  (resetting, told) => {
    resetting.stream.end();
    return told.ended;
  },
  (resetting, told) => {
    told.stream.end();
    return resetting.ended;
  },
  (_resetting, told) => {
    told.stream.pause();
    told.stream.end();
  },
];

let bench: QuicBench;
beforeEach(async () => {
  bench = await QuicBench.open({ streamsMax });
});
afterEach(() => bench.close());

/** As many streams as are granted can be open at once, and one more only when one is over. */
async function expectWholeCredit(near: TestConnection, far: TestConnection): Promise<void> {
  const open = Array.from({ length: streamsMax + 1 }, () => near.connection.openStream());
  for (const stream of open) stream.write(Buffer.from('x'));
  const arrived = [];
  for (let count = 0; count < streamsMax; count++) arrived.push(await far.streams.next());
  let isOneMore = false;
  const last = far.streams.next().then((stream) => {
    isOneMore = true;
    return stream;
  });
  // A datagram there and back: whatever was sent before has arrived.
  near.connection.sendDatagram(Buffer.from('there'));
  await far.datagrams.next();
  expect(isOneMore).toBe(false);
  arrived[0]!.reset(1);
  await last;
}

const roles = ['dialer', 'listener'] as const;
const cases = roles.flatMap((opens) => roles.map((resets) => ({ opens, resets })));

test.each(cases)(
  '10,000 streams opened by the $opens, reset by the $resets, leave the credit',
  async ({ opens, resets }) => {
    const { near, far } = await bench.connect();
    const [opener, other] = opens === 'dialer' ? [near, far] : [far, near];
    const arrivals = Array.from({ length: total }, () => new Deferred<TestStream>());
    void (async () => {
      for (let arrived = 0; arrived < total; arrived++) {
        const stream = new TestStream(await other.streams.next());
        void stream
          .received(4)
          .then(() => arrivals[Buffer.concat(stream.chunks).readUInt32BE()]!.resolve(stream));
      }
    })();
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < total) {
        const round = next++;
        const mine = new TestStream(opener.connection.openStream());
        const first = Buffer.alloc(4 + (round % 7) * 100);
        first.writeUInt32BE(round);
        mine.stream.write(first);
        const theirs = await arrivals[round]!.promise;
        const [resetting, told] = opens === resets ? [mine, theirs] : [theirs, mine];
        await states[round % states.length]!(resetting, told);
        resetting.stream.reset(round);
        expect(await told.closed).toEqual({ kind: 'reset', code: round, local: false });
        expect(await resetting.closed).toMatchObject({ kind: 'reset' });
      }
    };
    await Promise.all(Array.from({ length: streamsMax / 2 }, one));
    await expectWholeCredit(opener, other);
  },
);

test('a peer with a RESET_STREAM in place of our way to reset leaves the credit', async () => {
  const { near, far } = await bench.connect();
  const connection = near.connection as QuicConnection;
  const { pump } = connection;
  for (let round = 0; round < 1000; round++) {
    const mine = connection.openStream() as QuicStream;
    mine.write(Buffer.from('x'));
    const theirs = new TestStream(await far.streams.next());
    pump.native.streamShutdown(mine.wireId!, pump.quiche.Shutdown.Write, round);
    connection.forget(mine);
    pump.schedule();
    expect(await theirs.closed).toEqual({ kind: 'reset', code: round, local: false });
  }
  await expectWholeCredit(near, far);
});

test('10,000 streams reset before the peer has heard of them leave the credit', async () => {
  const { near, far } = await bench.connect();
  for (let round = 0; round < total; round++) {
    const mine = near.connection.openStream();
    mine.write(Buffer.from('x'));
    mine.reset(1);
  }
  echo(far);
  const texts = Array.from({ length: 2 * streamsMax }, (_, index) => `stream ${index}`);
  expect(await Promise.all(texts.map((text) => ask(near.connection, text)))).toEqual(texts);
});

test('a notice or a close with a code beyond the largest is taken for that one, which can be passed on', async () => {
  const { near: dialer, far: listener } = await bench.connect();
  const near = dialer.connection.openStream();
  near.write(Buffer.from('x'));
  const far = new TestStream(await listener.streams.next());
  const { pump, streamsByWireId } = dialer.connection as QuicConnection;
  const [wireId] = streamsByWireId.keys();
  const notice = Buffer.alloc(16, 0xff);
  notice.writeBigUInt64BE(BigInt(wireId!), 0);
  pump.native.streamSend(2, notice, false);
  pump.schedule();
  expect(await far.closed).toEqual({ kind: 'reset', code: codeMax, local: false });
  pump.close(2 ** 60, Buffer.alloc(0));
  expect(await listener.closed).toEqual({ kind: 'peer', code: codeMax, reason: '' });
});

test('a peer that resets without end and never says so is closed', async () => {
  const { near: dialer, far: listener } = await bench.connect();
  const { pump } = dialer.connection as QuicConnection;
  // Ends with the mark of a reset, which quiche takes for any other end; its place comes back as the listener ends, too.
  let sequence = 0;
  const flood = setInterval(() => {
    while (pump.native.peerStreamsLeftBidi() > 0) pump.native.streamSend(4 * sequence++, Buffer.of(1), true);
    pump.schedule();
  }, 1);
  let isOver = false;
  void listener.closed.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const stream = await Promise.race([listener.streams.next(), listener.closed]);
    if ('start' in stream) new TestStream(stream).stream.end();
  }
  clearInterval(flood);
  expect(await listener.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
  expect(sequence).toBeGreaterThan(16_384);
});

test('a peer that announces resets of streams it never opens is closed', async () => {
  const { near: dialer, far: listener } = await bench.connect();
  const { pump } = dialer.connection as QuicConnection;
  let notices = Buffer.alloc(16 * 17_000);
  for (let at = 0; at < notices.length; at += 16) notices.writeBigUInt64BE(BigInt(at / 4), at);
  const flood = setInterval(() => {
    if (pump.isOver) return;
    notices = notices.subarray(pump.native.streamSend(2, notices, false) ?? 0);
    pump.schedule();
  }, 1);
  expect(await listener.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
  clearInterval(flood);
});
