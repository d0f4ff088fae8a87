import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type BuiltEntry, buildEntry } from '../compliance/build-worker-entry.js';
import {
  dialOptions,
  Inbox,
  resources,
  TestConnection,
  TestStream,
  testCertificate,
} from '../compliance/tools.js';
import { workerSilenceMsMax } from '../limits.js';
import { createQuicTransport } from '../quic/quic-transport.js';
import type { Connection, SocketAddress, Transport } from '../transport.js';
import { createWorkerTransport } from './worker-transport.js';

let built: BuiltEntry;
beforeAll(async () => {
  // The worker itself, which can also be made to hang.
  built = await buildEntry('src/compliance/hanging-worker.ts');
});
afterAll(() => built.remove());

let worker: Transport;
let direct: Transport;
let started: Inbox<number>;
let lost: Inbox<string>;

beforeEach(() => {
  started = new Inbox();
  lost = new Inbox();
  direct = createQuicTransport();
  worker = createWorkerTransport({
    workerEntry: built.entry,
    onWorkerStarted: (pid) => started.push(pid!),
    onWorkerLost: (why) => lost.push(why),
  });
});
afterEach(async () => {
  await worker.close();
  await direct.close();
});

async function connectThrough(
  listening: Transport,
  dialing: Transport,
): Promise<[TestConnection, TestConnection]> {
  const certificate = await testCertificate;
  const listener = await listening.listen({ host: '127.0.0.1', port: 0, certificate });
  const accepted = new Inbox<Connection>();
  listener.start({ onConnection: (connection) => accepted.push(connection) });
  const near = new TestConnection(await dialing.dial(dialOptions(listener.address)));
  return [near, new TestConnection(await accepted.next())];
}

test.each(['SIGSTOP', 'SIGKILL'] as const)('a worker that got %s is replaced', async (signal) => {
  const [near] = await connectThrough(direct, worker);
  const stream = new TestStream(near.connection.openStream());
  stream.stream.write(Buffer.from('x'));
  const pid = await started.next();
  process.kill(pid, signal);
  await lost.next();
  const lostError = { kind: 'lost', error: { code: 'worker_lost' } };
  expect(await near.closed).toMatchObject(lostError);
  expect(await stream.closed).toMatchObject(lostError);
  // Nothing is left of it.
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow());
  const [again, far] = await connectThrough(direct, worker);
  expect(await started.next()).not.toBe(pid);
  const next = new TestStream(again.connection.openStream());
  next.stream.write(Buffer.from('hello'));
  await new TestStream(await far.streams.next()).received(5);
});

test('a worker that hangs makes a dial no longer than its time limit', async () => {
  const [near] = await connectThrough(direct, worker);
  process.kill(await started.next(), 'SIGSTOP');
  const startedMs = performance.now();
  const options = dialOptions(near.connection.remoteAddress, { connectTimeoutMs: 300 });
  await expect(worker.dial(options)).rejects.toMatchObject({ code: 'connect_timeout' });
  // Killed as hung it would be after 3 seconds.
  expect(performance.now() - startedMs).toBeLessThan(workerSilenceMsMax - 1000);
});

/** Dials until it works, for twice the time a hung worker may take, and answers when it did. */
async function dialUntilMs(transport: Transport, address: SocketAddress): Promise<number> {
  const options = dialOptions(address, { connectTimeoutMs: 200 });
  const limits = { timeout: 2 * workerSilenceMsMax, interval: 20 };
  const connection = await vi.waitFor(() => transport.dial(options), limits);
  connection.close(0, '');
  return performance.now();
}

// SIGUSR2 makes its native code spin, see `hanging-worker.ts`.
test.each(['SIGSTOP', 'SIGUSR2'] as const)('after %s a worker serves again soon', async (signal) => {
  const certificate = await testCertificate;
  const [ours, theirs] = await Promise.all(
    [worker, direct].map((transport) => transport.listen({ host: '127.0.0.1', port: 0, certificate })),
  );
  for (const listener of [ours!, theirs!]) listener.start({ onConnection: () => {} });
  await dialUntilMs(worker, theirs!.address);
  await dialUntilMs(direct, ours!.address);
  const pid = await started.next();
  process.kill(pid, signal);
  const hungMs = performance.now();
  await vi.waitFor(async () => {
    const dialing = direct.dial(dialOptions(ours!.address, { connectTimeoutMs: 200 }));
    await expect(dialing).rejects.toMatchObject({ code: 'connect_timeout' });
  });
  const againMs = Promise.all([dialUntilMs(worker, theirs!.address), dialUntilMs(direct, ours!.address)]);
  expect(await lost.next()).toContain('hung');
  // To it come the start of a process, and waiting for the port to be free.
  const [dialsMs, listensMs] = await againMs;
  expect(dialsMs - hungMs).toBeLessThan(workerSilenceMsMax + 2000);
  expect(listensMs - hungMs).toBeLessThan(workerSilenceMsMax + 2000);
  expect(() => process.kill(pid, 0)).toThrow();
});

test('a dial that waits while its worker is lost fails with worker_lost', async () => {
  const [near] = await connectThrough(direct, worker);
  const pid = await started.next();
  process.kill(pid, 'SIGSTOP');
  const dialing = worker.dial(dialOptions(near.connection.remoteAddress));
  const failed = expect(dialing).rejects.toMatchObject({ code: 'worker_lost' });
  process.kill(pid, 'SIGKILL');
  await failed;
});

test('a listener whose worker was lost listens again at the same address', async () => {
  const certificate = await testCertificate;
  const listener = await worker.listen({ host: '127.0.0.1', port: 0, certificate });
  const accepted = new Inbox<Connection>();
  listener.start({ onConnection: (connection) => accepted.push(connection) });
  const { address } = listener;
  process.kill(await started.next(), 'SIGKILL');
  await lost.next();
  await started.next();
  await vi.waitFor(async () => {
    await direct.dial(dialOptions(address, { connectTimeoutMs: 500 }));
  }, 5000);
  await accepted.next();
  expect(listener.address).toEqual(address);
});

test('an entry that is none is a lost worker', async () => {
  const broken = createWorkerTransport({ workerEntry: '/nonexistent/main.js' });
  await expect(broken.dial(dialOptions({ host: '127.0.0.1', port: 1 }))).rejects.toMatchObject({
    code: 'worker_lost',
  });
  await broken.close();
});

test('after close no process, pipe and timer is left', async () => {
  const before = await resources();
  const listening = createQuicTransport();
  const other = createWorkerTransport({
    workerEntry: built.entry,
    onWorkerStarted: (pid) => started.push(pid!),
  });
  const [near, far] = await connectThrough(listening, other);
  near.connection.openStream().write(Buffer.from('x'));
  await far.streams.next();
  await other.close();
  // The peer was told.
  expect(await far.closed).toMatchObject({ kind: 'peer', code: 0 });
  await listening.close();
  const pid = await started.next();
  expect(() => process.kill(pid, 0)).toThrow();
  expect(await resources(before)).toEqual({});
});

test('close ends the worker', async () => {
  const [near] = await connectThrough(direct, worker);
  expect(near.connection.stats().bytesSent).toBeGreaterThan(0);
  const pid = await started.next();
  await worker.close();
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow());
});
