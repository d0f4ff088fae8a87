import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dialOptions, Inbox, TestConnection, TestStream, testCertificate } from '../compliance/tools.js';
import type { Connection, Listener } from '../transport.js';
import { closedInfo } from './closed-info.js';
import { identityOfSeed } from './identity.js';
import { loadQuinn, makeConfig } from './native.js';
import { quinnPeerIdentity } from './quinn-connection.js';
import { createQuinnTransport, type QuinnTransport, type QuinnTransportOptions } from './quinn-transport.js';

let transport: QuinnTransport;
let relay: QuinnTransport;
let listener: Listener;
let accepted: Inbox<Connection>;

async function setUp(options: QuinnTransportOptions = {}): Promise<void> {
  transport = createQuinnTransport(options);
  relay = createQuinnTransport(options);
  listener = await relay.listen({ host: '127.0.0.1', port: 0, certificate: await testCertificate });
  accepted = new Inbox();
  listener.start({ onConnection: (connection) => accepted.push(connection) });
}

async function tearDown(): Promise<void> {
  await transport.close();
  await relay.close();
}

async function connect(): Promise<{ near: TestConnection; far: TestConnection }> {
  const near = new TestConnection(await transport.dial(dialOptions(listener.address)));
  return { near, far: new TestConnection(await accepted.next()) };
}

async function outcome(fragment: string, tlsVerify: 'none' | 'verify_peer'): Promise<string> {
  try {
    const connection = await transport.dial(dialOptions(listener.address, { fragment, tlsVerify }));
    connection.close(0, '');
    return 'accepted';
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

/** A connection of the bare binding to the listener. */
async function dialBare(): Promise<import('./native.js').NativeConnection> {
  const quinn = await loadQuinn();
  const { privateKeyProto } = identityOfSeed(randomBytes(32));
  const tuning = { idleTimeoutMs: 5000, keepAliveMs: 1000, streamsMax: 100 };
  const client = new quinn.Client(makeConfig(quinn, privateKeyProto, tuning), 0);
  return client.outboundConnection('127.0.0.1', listener.address.port);
}

beforeEach(() => setUp());
afterEach(() => tearDown());

describe('identities', () => {
  test('#id= pins the listener, verify_peer demands it', async () => {
    const wrong = createQuinnTransport().identity;
    expect(await outcome(`#id=${relay.identity}`, 'none')).toBe('accepted');
    expect(await outcome(`#id=${relay.identity}`, 'verify_peer')).toBe('accepted');
    expect(await outcome(`#id=${wrong}`, 'none')).toBe('certificate_wrong_pin');
    expect(await outcome(`#id=${wrong}`, 'verify_peer')).toBe('certificate_wrong_pin');
    expect(await outcome('', 'none')).toBe('accepted');
    expect(await outcome('', 'verify_peer')).toBe('certificate_untrusted');
  });

  test('each end knows the other, and the same seed is the same identity', async () => {
    const { near, far } = await connect();
    expect(quinnPeerIdentity(near.connection)).toBe(relay.identity);
    expect(quinnPeerIdentity(far.connection)).toBe(transport.identity);
    const identitySeed = randomBytes(32);
    const [first, second] = [createQuinnTransport({ identitySeed }), createQuinnTransport({ identitySeed })];
    expect(first.identity).toBe(second.identity);
  });
});

describe('streams', () => {
  test('reset streams leave the credit as it was, also with both directions blocked', async () => {
    await tearDown();
    await setUp({ streamsMax: 8 });
    const { near, far } = await connect();
    const block = Buffer.alloc(3 * 1024 * 1024);
    // Ten times the credit; without it the later ones would never arrive.
    for (let round = 0; round < 80; round++) {
      const mine = new TestStream(near.connection.openStream());
      const isBlocked = round % 2 === 0;
      mine.stream.write(isBlocked ? block : Buffer.from('x'));
      const theirs = new TestStream(await far.streams.next());
      if (isBlocked) {
        mine.stream.pause();
        theirs.stream.pause();
        theirs.stream.write(block);
      }
      const [resetting, other] = round % 4 < 2 ? [mine, theirs] : [theirs, mine];
      resetting.stream.reset(round);
      expect(await other.closed).toEqual({ kind: 'reset', code: round, local: false });
    }
  });

  test('a stream reset at once', async () => {
    const { near, far } = await connect();
    for (let code = 1; code <= 50; code++) {
      const stream = near.connection.openStream();
      stream.write(Buffer.from('x'));
      await new Promise((resolve) => setTimeout(resolve, code % 3));
      stream.reset(code);
    }
    const last = near.connection.openStream();
    last.write(Buffer.from('last'));
    // Whether the peer has seen those before is a matter of luck; what it has seen ends with the code.
    while (true) {
      const stream = new TestStream(await far.streams.next());
      const closed = await Promise.race([stream.closed, stream.received(4)]);
      if (closed === undefined) break;
      expect(closed).toMatchObject({ kind: 'reset', local: false });
    }
  });

  test('a stream opened beyond the credit goes on when another is over', async () => {
    await tearDown();
    await setUp({ streamsMax: 2 });
    const { near, far } = await connect();
    const streams = Array.from({ length: 5 }, () => new TestStream(near.connection.openStream()));
    for (const { stream } of streams) {
      stream.write(Buffer.from('x'));
      stream.end();
    }
    for (const stream of streams) {
      const theirs = new TestStream(await far.streams.next());
      await theirs.ended;
      theirs.stream.end();
      expect(await stream.closed).toEqual({ kind: 'done' });
    }
  });
});

describe('strangers', () => {
  test('another protocol, silence and a broken control stream leave others alone', async () => {
    const foreign = await dialBare();
    await (await foreign.outboundStream()).write(Buffer.from('/multistream/1.0.0\n'));
    await foreign.closed();
    const silent = await dialBare();
    const broken = await dialBare();
    const control = await broken.outboundStream();
    await control.write(Buffer.from('macula/1'));
    const far = new TestConnection(await accepted.next());
    await control.write(Buffer.from([0xff]));
    expect(await far.closed).toMatchObject({ kind: 'lost', error: { code: 'protocol_violation' } });
    await broken.closed();
    const { near } = await connect();
    near.connection.close(5, 'fine');
    silent.abort();
  });

  test('a peer that goes without a word', async () => {
    const bare = await dialBare();
    const control = await bare.outboundStream();
    await control.write(Buffer.from('macula/1'));
    const far = new TestConnection(await accepted.next());
    bare.abort();
    expect(await far.closed).toEqual({ kind: 'peer', code: 0, reason: '' });
  });
});

describe('closing', () => {
  test('both at once', async () => {
    const { near, far } = await connect();
    near.connection.close(1, 'one');
    far.connection.close(2, 'two');
    expect(await near.closed).toMatchObject({ kind: 'local', code: 1 });
    expect(await far.closed).toMatchObject({ kind: 'local', code: 2 });
  });

  test('the code passes beside bulk that nobody reads', async () => {
    const { near, far } = await connect();
    const bulk = near.connection.openStream();
    bulk.write(Buffer.alloc(4 * 1024 * 1024));
    (await far.streams.next()).pause();
    near.connection.close(77, 'enough');
    expect(await far.closed).toEqual({ kind: 'peer', code: 77, reason: 'enough' });
  });

  test('neither a close nor a reset in mid-stream looks like a regular end', async () => {
    for (let round = 0; round < 20; round++) {
      const { near, far } = await connect();
      const cut = new TestStream(near.connection.openStream());
      cut.stream.write(Buffer.alloc(2 * 1024 * 1024));
      const reset = new TestStream(near.connection.openStream());
      reset.stream.write(Buffer.alloc(2 * 1024 * 1024));
      const [farCut, farReset] = [await far.streams.next(), await far.streams.next()].map(
        (stream) => new TestStream(stream),
      );
      await farReset!.received(1);
      reset.stream.reset(round);
      expect(await farReset!.closed).toEqual({ kind: 'reset', code: round, local: false });
      near.connection.close(round, 'cut');
      expect(await farCut!.closed).toMatchObject({ kind: 'lost', error: { code: 'closed' } });
      expect([farCut!.isEnded, farReset!.isEnded]).toEqual([false, false]);
    }
  });

  test.each([
    ['timed out', 'idle_timeout'],
    ['reset by peer', 'reset'],
    ['closed', 'closed'],
    ['aborted by peer: flow control', 'protocol_violation'],
  ])('quinn says "%s"', (message, code) => {
    expect(closedInfo(new Error(message))).toMatchObject({ kind: 'lost', error: { code } });
  });

  test('MACULA_TRANSPORT=tls turns it off', async () => {
    vi.stubEnv('MACULA_TRANSPORT', 'tls');
    await expect(transport.dial(dialOptions(listener.address))).rejects.toMatchObject({
      code: 'unsupported',
    });
    vi.unstubAllEnvs();
  });
});
