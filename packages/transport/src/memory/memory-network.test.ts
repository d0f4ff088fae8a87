import { VirtualClock } from '@macula/testkit';
import { describe, expect, test } from 'vitest';
import { describeTransport } from '../compliance/describe-transport.js';
import { dialOptions, Inbox, TestConnection, TestStream, testCertificate } from '../compliance/tools.js';
import type { Connection } from '../transport.js';
import { createMemoryNetwork, type MemoryNetworkOptions } from './memory-network.js';

describeTransport('memory', {
  checksCertificates: false,
  usesSockets: false,
  makePair: ({ idleTimeoutMs }) => {
    const network = createMemoryNetwork(idleTimeoutMs === undefined ? {} : { idleTimeoutMs });
    return {
      dialer: network.transport('a'),
      listener: network.transport('b'),
      link: async (address) => ({ address, sever: () => network.partition('a', 'b'), close: () => {} }),
    };
  },
});

/** Lets everything run that waits for a promise. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two hosts, and a clock that runs only when the test says so. */
async function network(options: MemoryNetworkOptions = {}) {
  const clock = new VirtualClock();
  const memory = createMemoryNetwork({
    schedule: (delayMs, run) => void clock.schedule(delayMs, run),
    delayMs: 50,
    ...options,
  });
  const dialer = memory.transport('a');
  const certificate = await testCertificate;
  const listener = await memory.transport('b').listen({ host: 'b.test', port: 0, certificate });
  const accepted = new Inbox<Connection>();
  listener.start({ onConnection: (connection) => accepted.push(connection) });
  /** Passes time in steps of a millisecond, so that promises have their turn. */
  const pass = async (ms: number): Promise<void> => {
    for (let step = 0; step < ms; step++) {
      clock.advance(1);
      await settled();
    }
  };
  const dial = (connectTimeoutMs = 1000) => dialer.dial(dialOptions(listener.address, { connectTimeoutMs }));
  const connect = async () => {
    const dialing = dial();
    await pass(101);
    return { near: new TestConnection(await dialing), far: new TestConnection(await accepted.next()) };
  };
  return { memory, clock, pass, dial, connect };
}

describe('a network in memory', () => {
  test('runs on the clock it is given: two delays to connect', async () => {
    const { pass, dial } = await network();
    let isOpen = false;
    void dial().then(() => {
      isOpen = true;
    });
    await pass(99);
    expect(isOpen).toBe(false);
    await pass(1);
    expect(isOpen).toBe(true);
  });

  test('carries what is sent in the delay of its link', async () => {
    const { memory, clock, pass, connect } = await network();
    const { near, far } = await connect();
    memory.setDelay('b', 'a', 20);
    let atMs = 0;
    const sentAtMs = clock.nowMs;
    near.connection.openStream().write(Buffer.from('x'));
    void far.streams.next().then(() => {
      atMs = clock.nowMs;
    });
    await pass(40);
    expect(atMs - sentAtMs).toBe(20);
    expect(near.connection.stats().rttMs).toBe(40);
  });

  test('loses the same datagrams with the same seed, others with another one, and about as many as it shall', async () => {
    const arrivals = async (seed: number): Promise<string> => {
      const { pass, connect } = await network({ datagramLoss: 0.3, seed });
      const { near, far } = await connect();
      const seen = new Set<number>();
      void (async () => {
        for (;;) seen.add((await far.datagrams.next())[0]!);
      })();
      for (let number = 0; number < 250; number++) near.connection.sendDatagram(Uint8Array.of(number));
      await pass(60);
      return [...seen].join(' ');
    };
    const first = await arrivals(7);
    expect(await arrivals(7)).toBe(first);
    expect(await arrivals(8)).not.toBe(first);
    expect(first.split(' ').length).toBeGreaterThan(140);
    expect(first.split(' ').length).toBeLessThan(210);
  });

  test('a partition holds back what is sent, and heals', async () => {
    const { memory, pass, connect } = await network();
    const { near, far } = await connect();
    const stream = near.connection.openStream();
    stream.write(Buffer.from('before '));
    memory.partition('a', 'b');
    stream.write(Buffer.from('after'));
    await pass(500);
    expect(far.streams.size).toBe(0);
    memory.heal('b', 'a');
    await pass(1);
    const heard = new TestStream(await far.streams.next());
    await pass(1);
    expect(Buffer.concat(heard.chunks).toString()).toBe('before after');
  });

  test('a partition beyond the idle timeout loses the connection at both ends', async () => {
    const { memory, pass, connect } = await network({ idleTimeoutMs: 300 });
    const { near, far } = await connect();
    memory.partition('a', 'b');
    await pass(301);
    for (const { closed } of [near, far])
      expect(await closed).toMatchObject({ kind: 'lost', error: { code: 'idle_timeout' } });
  });

  test('a partition also stops who is dialling, until it is healed or the time is over', async () => {
    const { memory, pass, dial } = await network();
    const inTime = dial(1000);
    const tooLate = dial(200);
    await pass(50);
    memory.partition('a', 'b');
    const late = expect(tooLate).rejects.toMatchObject({ code: 'connect_timeout' });
    let isOpen = false;
    void inTime.then(() => {
      isOpen = true;
    });
    await pass(200);
    await late;
    expect(isOpen).toBe(false);
    memory.heal('a', 'b');
    await pass(1);
    expect(isOpen).toBe(true);
  });

  test('a cut is the end at once, whatever is under way', async () => {
    const { memory, pass, connect } = await network();
    const { near, far } = await connect();
    near.connection.openStream().write(Buffer.from('x'));
    memory.cut(far.connection);
    await pass(100);
    for (const { closed } of [near, far])
      expect(await closed).toMatchObject({ kind: 'lost', error: { code: 'reset' } });
    expect(far.streams.size).toBe(0);
  });
});
