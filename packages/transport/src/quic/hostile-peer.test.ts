import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildEntry } from '../compliance/build-worker-entry.js';
import { ask, echo } from '../compliance/echo.js';
import { endlessRetirement, HostilePeer } from '../compliance/hostile-peer.js';
import { QuicBench } from '../compliance/quic-bench.js';
import {
  cryptoFrame,
  pathChallengeFrame,
  pingFrame,
  resetStreamFrame,
  stopSendingFrame,
  streamFrame,
} from '../compliance/quic-packets.js';
import { dialOptions, TestConnection, TestStream } from '../compliance/tools.js';

let bench: QuicBench;
beforeEach(async () => {
  bench = await QuicBench.open();
});
afterEach(() => bench.close());

test('announced connection ids close the connection, hang nothing, and leave others alone', async () => {
  const { near, far } = await bench.connect();
  echo(far);
  const hostile = await HostilePeer.dial(bench.listener.address, Buffer.alloc(0));
  const victim = new TestConnection(await bench.accepted.next());
  await hostile.send(...endlessRetirement());
  await hostile.move();
  await hostile.send(pingFrame);
  expect(await victim.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
  await hostile.send(pingFrame);
  expect(await ask(near.connection, 'and others?')).toBe('and others?');
  hostile.close();
});

test('a listener that announces connection ids hangs no dialer', async () => {
  const { near, far } = await bench.connect();
  echo(far);
  const { address, peer } = await HostilePeer.listen();
  const [connection, hostile] = await Promise.all([bench.transport.dial(dialOptions(address)), peer]);
  const victim = new TestConnection(connection);
  await hostile.send(...endlessRetirement());
  const before = hostile.answers;
  await hostile.send(pingFrame);
  await expect.poll(() => hostile.answers).toBeGreaterThan(before);
  await hostile.move();
  await hostile.send(pingFrame);
  expect(await ask(near.connection, 'and others?')).toBe('and others?');
  victim.connection.close(0, '');
  hostile.close();
});

const x = Buffer.from('x');
const streamsMax = 16;

test.each<[string, readonly Uint8Array[]]>([
  ['a stream beyond the grant', [streamFrame(4 * streamsMax, 0, x)]],
  ['a stream far beyond the grant', [streamFrame(2 ** 28, 0, x)]],
  ['a second unidirectional stream, which nobody grants', [streamFrame(6, 0, x)]],
  ['a stream that only the listener can open', [streamFrame(1, 0, x)]],
  ['bytes beyond the window', [streamFrame(0, 1024 * 1024, x)]],
  ['bytes behind the end', [streamFrame(0, 0, x, true), streamFrame(0, 1, x)]],
  ['two ends', [streamFrame(0, 9, x, true), streamFrame(0, 3, x, true)]],
  ['a reset of what was not said', [streamFrame(0, 9, x), resetStreamFrame(0, 1, 3)]],
  ['a reset of a stream of the listener', [resetStreamFrame(1, 1, 0)]],
  ['a stop of a stream of the listener', [stopSendingFrame(1, 1)]],
  ['an unknown frame', [Uint8Array.of(0x3f)]],
  ['a frame that is cut off', [streamFrame(0, 0, Buffer.alloc(100)).subarray(0, 50)]],
  ['HANDSHAKE_DONE, which only a listener may say', [Uint8Array.of(0x1e)]],
])('%s ends that connection, and no other', async (_what, frames) => {
  await bench.close();
  bench = await QuicBench.open({ streamsMax });
  const { near, far } = await bench.connect();
  echo(far);
  const hostile = await HostilePeer.dial(bench.listener.address, Buffer.alloc(0));
  const victim = new TestConnection(await bench.accepted.next());
  await hostile.send(...frames);
  expect(await victim.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
  expect(await ask(near.connection, 'and others?')).toBe('and others?');
  hostile.close();
});

test("streams reset with QUIC's own frames, which this transport does not use, are over with their code", async () => {
  await bench.close();
  bench = await QuicBench.open({ streamsMax });
  const hostile = await HostilePeer.dial(bench.listener.address, Buffer.alloc(0));
  const victim = new TestConnection(await bench.accepted.next());
  for (let round = 0; round < streamsMax; round++) {
    const wireId = 4 * round;
    const isLate = round % 2 === 0;
    await hostile.send(streamFrame(wireId, 0, x), ...(isLate ? [] : [resetStreamFrame(wireId, 42, 1)]));
    const stream = new TestStream(await victim.streams.next());
    if (isLate) await hostile.send(resetStreamFrame(wireId, 42, 1), stopSendingFrame(wireId, 42));
    expect(await stream.closed).toEqual({ kind: 'reset', code: 42, local: false });
  }
  hostile.close();
});

test.each<[string, (round: number) => Uint8Array]>([
  // With a gap in front nothing can ever be done with it.
  ['TLS messages with a gap', (round) => cryptoFrame(1 + round * 1000, Buffer.alloc(1000))],
  [
    'path challenges',
    () => Buffer.concat(Array.from({ length: 100 }, () => pathChallengeFrame(randomBytes(8)))),
  ],
])('a mebibyte of %s, which the binding would keep, ends the connection', async (_what, frame) => {
  const hostile = await HostilePeer.dial(bench.listener.address, Buffer.alloc(0));
  const victim = new TestConnection(await bench.accepted.next());
  let closed: unknown;
  void victim.closed.then((info) => {
    closed = info;
  });
  let sent = 0;
  for (let round = 0; closed === undefined && round < 1500; round++) {
    const bytes = frame(round);
    sent += bytes.length;
    await hostile.send(bytes);
    // The listener lives in this process, and is to have its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await victim.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
  expect(sent).toBeLessThan(1_200_000);
  hostile.close();
});

// When this fails the binding has been mended, and the rules may go.
test('without the rules the same packets hang a process for ever', async () => {
  const built = await buildEntry('src/compliance/reckless-process.ts');
  const child = spawn(process.execPath, [built.entry], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const [port] = await once(child.stdout, 'data');
    let text = '';
    child.stdout.on('data', (more: Buffer) => (text += more.toString()));
    const hostile = await HostilePeer.dial({ host: '127.0.0.1', port: Number(port) }, randomBytes(20));
    await hostile.send(...endlessRetirement());
    const dealtWith = '<>'.repeat(hostile.packetsSent);
    await expect.poll(() => text).toBe(dealtWith);
    await hostile.move();
    await hostile.send(pingFrame);
    // It has this packet now; from then on it does nothing that it is asked to.
    await expect.poll(() => text).toBe(`${dealtWith}<`);
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), 2000);
    expect(await exited).toEqual([null, 'SIGKILL']);
    clearTimeout(killing);
    expect(text).toBe(`${dealtWith}<`);
    hostile.close();
  } finally {
    child.kill('SIGKILL');
    await built.remove();
  }
});
