import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host, ManagedProcess, Scene } from '../../harness/index.js';
import { DriverMissingError, type StartedDriver } from '../driver.js';
import { netns } from './index.js';

/** Why this machine has no such driver; then the tests are skipped, and this is the reason. */
const missing = await netns.start({ prefix: 'test', seed: 1, log: () => {} }).then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof DriverMissingError) return error.message;
    throw error;
  },
);

/** Answers every datagram, and says from where it came. */
const echo = `
const socket = require('dgram').createSocket('udp4');
socket.on('message', (bytes, from) => {
  console.log('from ' + from.address + ':' + from.port + ' ' + bytes.subarray(0, 4).readUInt32BE());
  socket.send(bytes, from.port, from.address);
});
socket.bind(Number(process.argv[1]), '0.0.0.0', () => console.log('bound'));`;

/** Sends datagrams from port 5000 to each of some addresses, one each ms, waits for what comes, and says which answers came and the shortest round trip. */
const send = `
const [count, size, waitMs, ...to] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
const got = [], sent = [];
let shortest = Infinity;
socket.on('message', (bytes) => {
  const number = bytes.readUInt32BE();
  shortest = Math.min(shortest, performance.now() - sent[number]);
  got.push(number);
});
socket.bind(5000, () => {
  let number = 0;
  const timer = setInterval(() => {
    const bytes = Buffer.alloc(Number(size));
    bytes.writeUInt32BE(number);
    sent[number] = performance.now();
    for (const one of to) socket.send(bytes, one.split(':')[1], one.split(':')[0]);
    if (++number < Number(count)) return;
    clearInterval(timer);
    setTimeout(() => { console.log('got ' + JSON.stringify({ got, shortest })); process.exit(); }, Number(waitMs));
  }, 1);
});`;

describe.skipIf(missing !== undefined)(`the driver netns${missing ? ` (${missing})` : ''}`, () => {
  let driver: StartedDriver;
  let scene: Scene;
  let server: Host;
  let other: Host;
  const servers: ManagedProcess[] = [];

  beforeAll(async () => {
    driver = await netns.start({ prefix: 'test', seed: 7, log: () => {} });
    scene = driver.open([await driver.otp()]);
    [server, other] = [await scene.network.server(), await scene.network.server()];
    for (const host of [server, other]) {
      const started = run(host, 'echo', echo, ['7000']);
      await started.waitFor(/^bound$/m);
      servers.push(started);
    }
  });
  afterAll(() => scene.stop());

  function run(host: Host, label: string, code: string, args: readonly string[]): ManagedProcess {
    return scene.process({
      ...{ host, label, command: process.execPath, args: ['-e', code, ...args] },
      env: scene.environment(),
    });
  }

  async function sends(
    host: Host,
    { count = 1, size = 100, waitMs = 300, to = [server] as readonly Host[] } = {},
  ): Promise<{ got: number[]; shortest: number; sources: string[] }> {
    const before = servers.map(({ output }) => output.length);
    const targets = to.map(({ address }) => `${address}:7000`);
    const sender = run(host, 'send', send, [String(count), String(size), String(waitMs), ...targets]);
    const [, answer] = await sender.waitFor(/^got (.*)$/m, 30_000);
    const sources = servers.flatMap(({ output }, index) =>
      [...output.slice(before[index]).matchAll(/^from (\S+)/gm)].map(([, source]) => source!),
    );
    return {
      ...(JSON.parse(answer!) as { got: number[]; shortest: number }),
      sources: [...new Set(sources)],
    };
  }

  test('a port-preserving router keeps the port, a symmetric one has another port for each destination', async () => {
    const plain = await (await scene.network.home()).machine();
    const kept = await sends(plain, { to: [server, other] });
    expect(kept.got).toEqual([0, 0]);
    expect(kept.sources).toEqual([expect.stringMatching(/^198\.51\.100\.1\d\d:5000$/)]);
    const symmetric = await (await scene.network.home({ nat: 'symmetric' })).machine();
    const changed = await sends(symmetric, { to: [server, other] });
    expect(changed.got).toEqual([0, 0]);
    expect(changed.sources).toHaveLength(2);
    expect(changed.sources.filter((source) => source.endsWith(':5000'))).toEqual([]);
    const double = await (await scene.network.home({ nat: 'double' })).machine();
    expect((await sends(double, { to: [server, other] })).sources).toHaveLength(2);
  });

  test('nothing gets into a home unasked, neither from a public machine nor from another home', async () => {
    const inside = await (await scene.network.home()).machine();
    const listening = run(inside, 'echo', echo, ['7000']);
    await listening.waitFor(/^bound$/m);
    const [, address] = /^(\S+):/.exec((await sends(inside)).sources[0]!)!;
    const outside = await (await scene.network.home()).machine();
    for (const from of [outside, other])
      for (const target of [address!, inside.address]) {
        const sender = run(from, 'send', send, ['3', '100', '200', `${target}:7000`]);
        await sender.waitFor(/^got {"got":\[\]/m);
      }
    expect(listening.output).not.toMatch(/^from/m);
  });

  test('machines of one home reach each other', async () => {
    const home = await scene.network.home();
    const [one, two] = [await home.machine(), await home.machine()];
    await run(two, 'echo', echo, ['7000']).waitFor(/^bound$/m);
    expect((await sends(one, { to: [two] })).got).toEqual([0]);
  });

  test('a rebinding gives another public address; blocked UDP goes nowhere', async () => {
    const home = await scene.network.home();
    const machine = await home.machine();
    const before = await sends(machine);
    await home.rebind();
    const after = await sends(machine);
    expect(after.got).toEqual([0]);
    expect(after.sources).not.toEqual(before.sources);
    await home.block('udp');
    expect(await sends(machine)).toMatchObject({ got: [], sources: [] });
  });

  test('lines delay, lose, reorder, double, slow down and go dark as they are told, in the direction that they are told', async () => {
    const home = await scene.network.home({ link: { delayMs: 30 } });
    const machine = await home.machine();
    const delayed = await sends(machine, { count: 20 });
    expect(delayed.got).toHaveLength(20);
    expect(delayed.shortest).toBeGreaterThanOrEqual(60);

    await home.link.set({ up: { lossPercent: 20 } });
    const lossy = await sends(machine, { count: 1000 });
    // Binomial: 800 and five standard deviations of 13.
    expect(lossy.got.length).toBeGreaterThan(735);
    expect(lossy.got.length).toBeLessThan(865);
    expect(lossy.got).toEqual(lossy.got.toSorted((a, b) => a - b));

    await home.link.set({ down: { duplicatePercent: 30 } });
    const doubled = await sends(machine, { count: 300 });
    expect(new Set(doubled.got).size).toBe(300);
    expect(doubled.got.length).toBeGreaterThan(340);

    await home.link.set({ reorderPercent: 20 });
    const mixed = await sends(machine, { count: 300 });
    expect(mixed.got).toHaveLength(300);
    expect(mixed.got).not.toEqual(mixed.got.toSorted((a, b) => a - b));

    // 200 packets of 1 kB come in 0.2 s; 0.8 Mbit/s are 100 kB/s, and 10 kB may wait.
    await home.link.set({ up: { rateMbit: 0.8, queueBytes: 10_000 } });
    const slow = await sends(machine, { count: 200, size: 958 });
    expect(slow.got.length).toBeGreaterThanOrEqual(10);
    expect(slow.got.length).toBeLessThan(150);

    await home.link.set({ isDark: true });
    expect((await sends(machine, { count: 5 })).got).toEqual([]);
    await home.link.set({});
    expect((await sends(machine, { count: 5 })).got).toHaveLength(5);
  });

  test('one that is not understood is an error', async () => {
    const home = await scene.network.home({ link: {} });
    await expect(home.link.set({ delayMs: -1 })).rejects.toThrow(/not understood/);
    const plain = await scene.network.home();
    await expect(plain.link.set({})).rejects.toThrow(/made without conditions/);
  });
});
