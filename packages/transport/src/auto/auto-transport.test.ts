import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dialOptions } from '../compliance/tools.js';
import { TransportError, type TransportErrorCode } from '../errors.js';
import { createMemoryNetwork } from '../memory/memory-network.js';
import { parseRelayUrl } from '../relay-url.js';
import type { Connection, DialOptions, Transport, TransportName } from '../transport.js';
import { createAutoTransport } from './auto-transport.js';

/** A transport whose dials a test ends by hand. */
class FakeTransport implements Transport {
  readonly name: TransportName;
  /** Options of every dial, and when it came. */
  readonly dials: { readonly options: DialOptions; readonly atMs: number }[] = [];
  readonly closedConnections: Connection[] = [];
  isClosed = false;
  #pending: { resolve(connection: Connection): void; reject(error: Error): void }[] = [];

  constructor(name: TransportName) {
    this.name = name;
  }

  dial(options: DialOptions): Promise<Connection> {
    this.dials.push({ options, atMs: performance.now() - startedMs });
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  /** The oldest attempt succeeds. */
  answer(): Connection {
    const close = (): unknown => this.closedConnections.push(connection);
    const connection = { transport: this.name, close } as unknown as Connection;
    this.#pending.shift()!.resolve(connection);
    return connection;
  }

  /** The oldest attempt fails. */
  fail(code: TransportErrorCode, message = `${this.name} says ${code}`): void {
    this.#pending.shift()!.reject(new TransportError(code, message));
  }

  listen(): never {
    throw new TransportError('unsupported', 'not in this test');
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

let quic: FakeTransport;
let tls: FakeTransport;
let quinn: FakeTransport;
let auto: Transport;
let startedMs: number;

beforeEach(() => {
  vi.useFakeTimers();
  startedMs = performance.now();
  quic = new FakeTransport('quic');
  tls = new FakeTransport('tls');
  quinn = new FakeTransport('quinn');
  auto = createAutoTransport({ transports: [tls, quinn, quic] });
});
afterEach(() => {
  vi.useRealTimers();
});

const options = dialOptions({ host: 'relay.test', port: 4433 });
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
/** The error of a dial, from now on, so that it is never unhandled. */
const errorOf = (dialing: Promise<unknown>): Promise<TransportError> =>
  dialing.then(
    () => expect.fail('it was accepted'),
    (error: TransportError) => error,
  );

/** TLS wins a race that QUIC began. */
async function tlsWins(dialled: DialOptions = options): Promise<void> {
  const dialing = auto.dial(dialled);
  await pass(300);
  tls.answer();
  expect((await dialing).transport).toBe('tls');
  quic.fail('closed');
}

describe('an https URL', () => {
  test('QUIC answers within its head start: TLS is never tried', async () => {
    const dialing = auto.dial(options);
    await pass(299);
    const connection = quic.answer();
    expect(await dialing).toBe(connection);
    await pass(60_000);
    expect(tls.dials).toEqual([]);
    expect(quic.dials).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('QUIC is silent: TLS starts after 300 ms, wins, and QUIC is given up', async () => {
    const dialing = auto.dial(options);
    await pass(300);
    expect(tls.dials.map(({ atMs }) => atMs)).toEqual([300]);
    expect(quic.dials[0]!.options.signal!.aborted).toBe(false);
    const connection = tls.answer();
    expect(await dialing).toBe(connection);
    expect(quic.dials[0]!.options.signal!.aborted).toBe(true);
    expect(tls.dials[0]!.options.signal!.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('QUIC answers after TLS has started: TLS is given up', async () => {
    const dialing = auto.dial(options);
    await pass(350);
    const connection = quic.answer();
    expect(await dialing).toBe(connection);
    expect(tls.dials[0]!.options.signal!.aborted).toBe(true);
  });

  test.each(['quic', 'tls'] as const)('a connection of %s that comes too late is closed', async (late) => {
    const dialing = auto.dial(options);
    await pass(300);
    const [winner, loser] = late === 'quic' ? [tls, quic] : [quic, tls];
    const connection = winner.answer();
    const second = loser.answer();
    expect(await dialing).toBe(connection);
    expect(loser.closedConnections).toEqual([second]);
    expect(winner.closedConnections).toEqual([]);
  });

  test('QUIC fails before its head start is over: TLS starts at once', async () => {
    const dialing = auto.dial(options);
    await pass(20);
    quic.fail('refused');
    await pass(0);
    expect(tls.dials.map(({ atMs }) => atMs)).toEqual([20]);
    const connection = tls.answer();
    expect(await dialing).toBe(connection);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('both share the time to connect, and the head start is half of it at most', async () => {
    const error = errorOf(auto.dial({ ...options, connectTimeoutMs: 200 }));
    await pass(100);
    expect(quic.dials[0]!.options.connectTimeoutMs).toBe(200);
    expect(tls.dials.map(({ options, atMs }) => [options.connectTimeoutMs, atMs])).toEqual([[100, 100]]);
    quic.fail('connect_timeout');
    tls.fail('connect_timeout');
    expect((await error).code).toBe('connect_timeout');
  });

  test('both are asked with the same certificates, pins and strictness', async () => {
    const url = parseRelayUrl(`https://relay.test#sha256=${'ab'.repeat(32)}`);
    const strict: DialOptions = { url, tlsVerify: 'verify_peer', caPem: ['a CA'] };
    const error = errorOf(auto.dial(strict));
    quic.fail('certificate_wrong_pin');
    await pass(0);
    tls.fail('certificate_untrusted');
    await error;
    for (const { dials } of [quic, tls]) expect(dials[0]!.options).toMatchObject(strict);
  });
});

describe('when both fail', () => {
  test.each([
    ['connect_timeout', 'refused', 'refused'],
    ['connect_timeout', 'certificate_untrusted', 'certificate_untrusted'],
    ['certificate_expired', 'refused', 'certificate_expired'],
    ['refused', 'handshake_failed', 'handshake_failed'],
    ['unreachable', 'proxy_refused', 'proxy_refused'],
    ['unsupported', 'connect_timeout', 'connect_timeout'],
  ] as const)('quic %s and tls %s is %s, and the text has both causes', async (quicCode, tlsCode, code) => {
    const failing = errorOf(auto.dial(options));
    quic.fail(quicCode);
    await pass(0);
    tls.fail(tlsCode);
    const error = await failing;
    expect(error.code).toBe(code);
    expect(error.message).toContain(`quic: quic says ${quicCode}`);
    expect(error.message).toContain(`tls: tls says ${tlsCode}`);
  });

  test('the order in which they fail does not matter', async () => {
    const failing = errorOf(auto.dial(options));
    await pass(300);
    tls.fail('certificate_wrong_name');
    await pass(1000);
    quic.fail('connect_timeout');
    expect((await failing).code).toBe('certificate_wrong_name');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('one cause of both is told once', async () => {
    const failing = errorOf(auto.dial(options));
    quic.fail('name_not_resolved', 'nobody knows relay.test');
    await pass(0);
    tls.fail('name_not_resolved', 'nobody knows relay.test');
    expect((await failing).message).toBe('nobody knows relay.test');
  });
});

describe('where TLS has won', () => {
  test('it goes first, and QUIC after the head start', async () => {
    await tlsWins();
    const dialing = auto.dial(options);
    await pass(299);
    expect([quic.dials.length, tls.dials.length]).toEqual([1, 2]);
    await pass(1);
    expect([quic.dials.length, tls.dials.length]).toEqual([2, 2]);
    tls.answer();
    await dialing;
  });

  test('only at that host and port', async () => {
    await tlsWins();
    for (const [host, port] of [
      ['relay.test', 4434],
      ['other.test', 4433],
    ] as const) {
      const dialing = auto.dial(dialOptions({ host, port }));
      await pass(0);
      expect(quic.dials.at(-1)!.options.url).toMatchObject({ host, port });
      quic.answer();
      await dialing;
    }
  });

  test('for five minutes, however often it wins meanwhile', async () => {
    await tlsWins();
    for (let minute = 1; minute < 5; minute++) {
      await pass(60_000);
      const dialing = auto.dial(options);
      tls.answer();
      await dialing;
    }
    expect(quic.dials).toHaveLength(1);
    await pass(60_000);
    const dialing = auto.dial(options);
    expect([quic.dials.length, tls.dials.length]).toEqual([2, 5]);
    quic.answer();
    await dialing;
  });

  test.each(['QUIC wins', 'both fail'])('until TLS fails and %s', async (how) => {
    await tlsWins();
    const dialing = auto.dial(options);
    tls.fail('refused');
    await pass(0);
    if (how === 'QUIC wins') {
      quic.answer();
      await dialing;
    } else {
      const failing = errorOf(dialing);
      quic.fail('refused');
      await failing;
    }
    const [quicDials, tlsDials] = [quic.dials.length, tls.dials.length];
    const next = auto.dial(options);
    expect([quic.dials.length, tls.dials.length]).toEqual([quicDials + 1, tlsDials]);
    quic.answer();
    await next;
  });

  test('the memory is bounded: of 257 relays the oldest is forgotten', async () => {
    for (let port = 1; port <= 257; port++) await tlsWins(dialOptions({ host: 'relay.test', port }));
    for (const [port, first] of [
      [1, 'quic'],
      [2, 'tls'],
      [257, 'tls'],
    ] as const) {
      const [quicDials, tlsDials] = [quic.dials.length, tls.dials.length];
      const dialing = auto.dial(dialOptions({ host: 'relay.test', port }));
      expect(quic.dials.length - quicDials, `${port}`).toBe(first === 'quic' ? 1 : 0);
      expect(tls.dials.length - tlsDials, `${port}`).toBe(first === 'tls' ? 1 : 0);
      (first === 'quic' ? quic : tls).answer();
      await dialing;
    }
  });
});

describe('without a binding for QUIC', () => {
  test('TLS starts at once, and QUIC is closed and never tried again', async () => {
    const dialing = auto.dial(options);
    quic.fail('unsupported');
    await pass(0);
    tls.answer();
    await dialing;
    expect(quic.isClosed).toBe(true);
    expect(tls.isClosed).toBe(false);

    const failing = errorOf(auto.dial(options));
    tls.fail('refused');
    const error = await failing;
    expect(quic.dials).toHaveLength(1);
    expect(error.code).toBe('refused');
    expect(error.message).toContain('quic says unsupported');
    const forced = { ...options, url: parseRelayUrl('quic://relay.test') };
    await expect(auto.dial(forced)).rejects.toMatchObject({ code: 'unsupported' });
  });

  describe('quinn, where the URL names its port,', () => {
    const id = 'A'.repeat(43);
    const named = { ...options, url: parseRelayUrl(`https://relay.test#id=${id}&quinn=4434`) };

    test('goes in place of QUIC as soon as that has failed, and at once afterwards', async () => {
      for (const quicDials of [1, 1]) {
        const dialing = auto.dial(named);
        if (quic.dials.length > quinn.dials.length) quic.fail('unsupported');
        await pass(299);
        expect(tls.dials).toEqual([]);
        expect(quic.dials).toHaveLength(quicDials);
        const { url } = quinn.dials.at(-1)!.options;
        expect(url).toMatchObject({ text: 'quinn://relay.test:4434', port: 4434, identityPin: id });
        quinn.answer();
        expect((await dialing).transport).toBe('quinn');
      }
      expect(quinn.dials).toHaveLength(2);
    });

    test('is followed by TLS after the head start', async () => {
      auto = createAutoTransport({ transports: [tls, quinn] });
      const dialing = auto.dial(named);
      expect(quinn.dials).toHaveLength(1);
      await pass(300);
      tls.answer();
      expect((await dialing).transport).toBe('tls');
      expect(quinn.dials[0]!.options.signal!.aborted).toBe(true);
    });

    test('is not tried where QUIC is available, however it fails, nor without its port', async () => {
      for (const dialled of [named, options]) {
        const failing = errorOf(auto.dial(dialled));
        quic.fail(dialled === named ? 'connect_timeout' : 'unsupported');
        await pass(0);
        tls.fail('refused');
        await failing;
      }
      expect(quinn.dials).toEqual([]);
    });

    test('and its error is told with the others', async () => {
      const failing = errorOf(auto.dial(named));
      quic.fail('unsupported');
      await pass(0);
      quinn.fail('unsupported');
      await pass(0);
      tls.fail('refused');
      const { message } = await failing;
      for (const why of ['quinn says unsupported', 'tls says refused']) expect(message).toContain(why);
      const again = errorOf(auto.dial(named));
      tls.fail('refused');
      expect((await again).message).toContain('quic says unsupported');
      expect(quinn.dials).toHaveLength(1);
    });
  });

  test('and without QUIC at all', async () => {
    auto = createAutoTransport({ transports: [tls] });
    const failing = errorOf(auto.dial(options));
    tls.fail('refused');
    expect((await failing).message).toBe('tls says refused');
  });
});

describe('other URLs', () => {
  test.each(['quic', 'quinn', 'tls'] as const)('%s:// forces that transport', async (scheme) => {
    const all = { quic, quinn, tls };
    const dialing = auto.dial({ ...options, url: parseRelayUrl(`${scheme}://relay.test`) });
    await pass(60_000);
    all[scheme].answer();
    expect((await dialing).transport).toBe(scheme);
    expect([quic, quinn, tls].map(({ dials }) => dials.length).sort()).toEqual([0, 0, 1]);
  });

  test('one whose transport is not there', async () => {
    auto = createAutoTransport({ transports: [tls] });
    await expect(auto.dial({ ...options, url: parseRelayUrl('quinn://relay.test') })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('quinn://'),
    });
  });

  test('a memory transport serves them all', async () => {
    vi.useRealTimers();
    const network = createMemoryNetwork();
    auto = createAutoTransport({ transports: [network.transport('here')] });
    const certificate = { certPem: 'any', keyPem: '' };
    const listener = await auto.listen({ host: 'there', port: 1, certificate });
    for (const scheme of ['https', 'quic', 'quinn', 'tls']) {
      const url = parseRelayUrl(`${scheme}://there:1`);
      expect((await auto.dial({ url, tlsVerify: 'none' })).transport).toBe('memory');
    }
    await listener.close();
    await auto.close();
  });
});

describe('an attempt that is given up', () => {
  test.each(['close', 'signal'] as const)('by %s', async (how) => {
    const giveUp = new AbortController();
    const failing = errorOf(auto.dial({ ...options, signal: giveUp.signal }));
    await pass(300);
    if (how === 'close') await auto.close();
    else giveUp.abort();
    expect((await failing).code).toBe('closed');
    for (const { dials } of [quic, tls]) expect(dials[0]!.options.signal!.aborted).toBe(true);
    expect([quic, tls, quinn].map(({ isClosed }) => isClosed)).toEqual(Array(3).fill(how === 'close'));
    const late = quic.answer();
    tls.fail('closed');
    await pass(0);
    expect(quic.closedConnections).toEqual([late]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('before TLS has started: TLS never starts', async () => {
    const failing = errorOf(auto.dial(options));
    await auto.close();
    expect((await failing).code).toBe('closed');
    await pass(60_000);
    expect(tls.dials).toEqual([]);
    await expect(auto.dial(options)).rejects.toMatchObject({ code: 'closed' });
  });
});
