import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltEntry, buildWorkerEntry } from '../compliance/build-worker-entry.js';
import {
  Deferred,
  dialOptions,
  patternBytes,
  TestConnection,
  TestStream,
  testCertificate,
  UdpProxy,
} from '../compliance/tools.js';
import type { Connection, Stream, Transport } from '../transport.js';
import { createWorkerTransport } from '../worker/worker-transport.js';
import { createQuicTransport } from './quic-transport.js';

let built: BuiltEntry;
beforeAll(async () => {
  built = await buildWorkerEntry();
});
afterAll(() => built.remove());

/** What the listener's owner hears, with the number of address changes so far. */
interface Listening {
  readonly renewals: number[];
  readonly told: Promise<void>;
  readonly proxy: UdpProxy;
  readonly stream: TestStream;
  rebind(): Promise<void>;
  close(): Promise<void>;
}

async function listen(transport: Transport, takeOver: (connection: Connection) => void): Promise<Listening> {
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
  const proxy = await UdpProxy.open(listener.address);
  const dialer = createQuicTransport();
  const renewals: number[] = [];
  const told = new Deferred<void>();
  let changes = 0;
  const accepted = new Deferred<void>();
  listener.start({
    onConnection: (connection) => {
      connection.start({
        onStream: echo,
        onRenewalDue: () => {
          renewals.push(changes);
          told.resolve();
        },
        onClosed: () => undefined,
      });
      takeOver(connection);
      accepted.resolve();
    },
  });
  const near = new TestConnection(await dialer.dial(dialOptions(proxy.address)));
  await accepted.promise;
  const stream = new TestStream(near.connection.openStream());
  const pattern = patternBytes(3000, 7);
  await stream.writeAll([pattern]);
  await stream.received(pattern.length);
  return {
    renewals,
    told: told.promise,
    proxy,
    stream,
    async rebind() {
      changes++;
      await proxy.rebind();
      await stream.writeAll([pattern]);
      await stream.received((changes + 1) * pattern.length);
    },
    async close() {
      proxy.close();
      await dialer.close();
      await transport.close();
    },
  };
}

describe.each([
  ['quic', () => createQuicTransport()],
  ['the worker', () => createWorkerTransport({ workerEntry: built.entry })],
])('a listener of %s', (_name, makeTransport) => {
  test('follows 63 changes of address, byte for byte, and says once when 8 are left', async () => {
    const listening = await listen(makeTransport(), () => undefined);
    for (let change = 0; change < 54; change++) await listening.rebind();
    expect(listening.renewals).toEqual([]);
    await listening.rebind();
    await listening.told;
    for (let change = 55; change < 63; change++) await listening.rebind();
    expect(listening.renewals).toEqual([55]);
    const received = Buffer.concat(listening.stream.chunks);
    expect(received.equals(Buffer.concat(Array(64).fill(patternBytes(3000, 7))))).toBe(true);
    await listening.close();
  });
});

test('an owner that comes later is told as well', async () => {
  let connection: Connection | undefined;
  const listening = await listen(createQuicTransport(), (accepted) => {
    connection = accepted;
    accepted.start({ onStream: echo, onClosed: () => undefined });
  });
  for (let change = 0; change < 56; change++) await listening.rebind();
  let told = 0;
  const handlers = { onStream: () => undefined, onRenewalDue: () => told++, onClosed: () => undefined };
  connection!.start(handlers);
  connection!.start(handlers);
  await listening.rebind();
  expect(told).toBe(1);
  await listening.close();
});

function echo(stream: Stream): void {
  const echoing: TestStream = new TestStream(stream, (bytes) => echoing.stream.write(bytes));
}
