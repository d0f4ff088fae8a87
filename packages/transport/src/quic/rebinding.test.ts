import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { QuicBench } from '../compliance/quic-bench.js';
import { Deferred, patternBytes, TestStream, UdpProxy } from '../compliance/tools.js';
import type { Connection } from '../transport.js';
import type { QuicConnection } from './quic-connection.js';

test('a NAT that changes the port 60 times in mid-transfer loses no byte in either direction', async () => {
  const bench = await QuicBench.open();
  const proxy = await UdpProxy.open(bench.listener.address);
  const { near, far } = await bench.connect(proxy.address);
  const ports = new Set<number>();
  const mine = new TestStream(near.connection.openStream());
  mine.stream.write(Buffer.from('?'));
  const theirs = new TestStream(await far.streams.next());
  await theirs.received(1);
  theirs.chunks.length = 0;

  // Both write all the time; a change comes whenever a little more has arrived at both.
  const pattern = patternBytes(20_011, 1);
  const digests = [mine, theirs].map(() => createHash('sha256'));
  let isOver = false;
  const writing = [mine, theirs].map(async (end, index) => {
    while (!isOver) {
      digests[index]!.update(pattern);
      await end.writeAll([pattern]);
    }
    end.stream.end();
  });
  for (let change = 1; change <= 60; change++) {
    await proxy.rebind();
    ports.add(proxy.backPort);
    await Promise.all([mine.received(mine.bytes + 30_000), theirs.received(theirs.bytes + 30_000)]);
  }
  isOver = true;
  await Promise.all([...writing, mine.ended, theirs.ended]);
  expect(ports.size).toBeGreaterThan(50);
  for (const [index, other] of [theirs, mine].entries()) {
    const got = createHash('sha256');
    for (const chunk of other.chunks) got.update(chunk);
    expect(got.digest('hex')).toBe(digests[index]!.digest('hex'));
  }
  proxy.close();
  await bench.close();
});

test.each([1, 4, 7])(
  '10 changes of the port under load, pauses of pattern %i: it goes on',
  async (pattern) => {
    const bench = await QuicBench.open();
    const proxy = await UdpProxy.open(bench.listener.address);
    const { near, far } = await bench.connect(proxy.address);
    const mine = new TestStream(near.connection.openStream(), () => {});
    mine.stream.write(Buffer.from('?'));
    const theirs = new TestStream(await far.streams.next(), () => {});
    await theirs.received(1);
    let isOver = false;
    const chunk = Buffer.alloc(20_000);
    const writing = [mine, theirs].map(async (end) => {
      while (!isOver) await end.writeAll([chunk]);
      end.stream.end();
    });
    for (let change = 1; change <= 10; change++) {
      await proxy.rebind();
      await Promise.all([mine.received(mine.bytes + 30_000), theirs.received(theirs.bytes + 30_000)]);
      await new Promise((resolve) => setTimeout(resolve, 100 + ((pattern * 7 + change * 3) % 23)));
    }
    // What was lost with one of the paths is sent again on the last: else both directions end at the window.
    await Promise.all([mine.received(mine.bytes + 3_000_000), theirs.received(theirs.bytes + 3_000_000)]);
    isOver = true;
    await Promise.all([...writing, mine.ended, theirs.ended]);
    proxy.close();
    await bench.close();
  },
);

test('what was lost at an address that was left before it was validated is sent again; it stays unvalidated', async () => {
  const bench = await QuicBench.open();
  const proxy = await UdpProxy.open(bench.listener.address);
  const { near, far } = await bench.connect(proxy.address);
  const mine = new TestStream(near.connection.openStream(), () => {});
  mine.stream.write(Buffer.from('?'));
  const theirs = new TestStream(await far.streams.next(), () => {});
  await theirs.received(1);
  const events = recordPathEvents(far.connection);
  await proxy.rebind();
  const left = proxy.backPort;
  proxy.mute(true);
  const lost = new Deferred<void>();
  let packetsLost = 0;
  proxy.onPacket = (_, to) => {
    if (to === 'dialer' && ++packetsLost === 12) lost.resolve();
  };
  const bytesBefore = mine.bytes;
  // With the twelfth packet the challenge is due again, when a probe for the address can hold one. The listener may send three times what came from there.
  mine.stream.write(Buffer.alloc(10_000));
  await theirs.received(theirs.bytes + 10_000);
  theirs.stream.write(Buffer.alloc(500_000));
  await lost.promise;
  proxy.onPacket = undefined;
  await proxy.rebind();
  proxy.mute(false);
  mine.stream.write(Buffer.from('!'));
  await mine.received(bytesBefore + 500_000);
  expect(events.get(left)).toEqual(['New', 'FailedValidation']);
  expect(events.get(proxy.backPort)).toEqual(['New', 'Validated']);
  proxy.close();
  await bench.close();
});

/** What quiche says of each port of the peer from now on. */
function recordPathEvents(connection: Connection): Map<number, string[]> {
  const { native } = (connection as QuicConnection).pump;
  const next = native.pathEventNext.bind(native);
  const events = new Map<number, string[]>();
  native.pathEventNext = () => {
    const event = next();
    if (event && 'peer' in event) {
      const { port } = event.peer;
      events.set(port, [...(events.get(port) ?? []), event.type]);
    }
    return event;
  };
  return events;
}
