import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type IncomingTunnel, Mesh, type MeshTunnel } from '@macula/client';
import { deriveTunnelKey, identityFromSeed } from '@macula/crypto';
import { parseRelayConfig, type RunningRelay, startRelay } from '@macula/relay';
import { createMemoryNetwork, makeDevCertificate, parseRelayUrl } from '@macula/transport';
import { afterEach, expect, it, vi } from 'vitest';

const hours = 24;
const tickSeconds = 15;
/** What the emulator sends when it has nothing else: an empty packet behind its length. */
const tick = Buffer.alloc(4);
const key = deriveTunnelKey(Buffer.from('cookie'));

const network = createMemoryNetwork();
const directory = mkdtempSync(join(tmpdir(), 'macula-day-'));
const closers: (() => unknown)[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.reverse()) await close();
  rmSync(directory, { recursive: true });
});

it(`a link that carries nothing but ticks lives for ${hours} hours, through two real relays`, {
  timeout: 120_000,
}, async () => {
  // Seconds pass when this test says so; sockets and the network in memory stay real.
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
  let isReady = false;
  const setUp = setUpLink().finally(() => {
    isReady = true;
  });
  while (!isReady) {
    vi.advanceTimersByTime(10);
    await turn();
  }
  const { relays, near, far, ends } = await setUp;
  const began = performance.now();
  let sent = 0;
  for (let second = 0; second < hours * 3600; second++) {
    if (second % tickSeconds === 0) {
      near.beam.write(tick);
      far.beam.write(tick);
      sent += tick.length;
    }
    vi.advanceTimersByTime(1000);
    for (let turns = 0; turns < 4; turns++) await turn();
    if (ends.length > 0) break;
  }
  for (let turns = 0; turns < 1000 && near.received() + far.received() < 2 * sent; turns++) await turn();
  expect(ends).toEqual([]);
  expect(performance.now() - began).toBe(hours * 3_600_000);
  expect(sent).toBe((hours * 3600 * tick.length) / tickSeconds);
  expect([near.received(), far.received()]).toEqual([sent, sent]);
  // Neither relay has lost a session or made a second one.
  for (const { sessions } of relays.map((running) => running.status()))
    expect(sessions).toMatchObject([{ superseded: false }]);
});

/** Two peered relays, an agent at each, and an open tunnel between their local sockets. */
async function setUpLink(): Promise<{
  relays: readonly RunningRelay[];
  near: Local;
  far: Local;
  /** Why a side of the tunnel ended. */
  ends: readonly string[];
}> {
  const relays = [await relay(1), await relay(2, ['https://relay:1'])];
  while (relays.some((running) => running.status().peers[0]?.state !== 'connected')) await turn();
  const requested = new Promise<IncomingTunnel>((resolve) => {
    void mesh('b@two.test', 2, resolve);
  });
  const a = await mesh('a@one.test', 1, () => {});
  const ends: string[] = [];
  const out = a.connect({ from: 'a@one.test', to: 'b@two.test', key });
  const outUp = started(out, ends);
  const into = (await requested).accept({ key })!;
  const intoUp = started(into, ends);
  const [near, far] = [await local(), await local()];
  await intoUp;
  into.attachLocal(far.agent);
  await outUp;
  out.attachLocal(near.agent);
  return { relays, near, far, ends };
}

async function relay(port: number, peers: readonly string[] = []): Promise<RunningRelay> {
  const config = parseRelayConfig({
    listen: `relay:${port}`,
    open: true,
    logLevel: 'silent',
    peers: [...peers],
  });
  const certificate = await makeDevCertificate({ names: ['relay'], ips: [], days: 2 });
  const secrets = { seed: randomBytes(32), certificate };
  const running = await startRelay(config, { transports: [network.transport(`host${port}`)], secrets });
  closers.push(() => running.close());
  return running;
}

async function mesh(
  name: string,
  relayPort: number,
  onIncoming: (request: IncomingTunnel) => void,
): Promise<Mesh> {
  const made = new Mesh({
    transport: network.transport(name),
    relays: [parseRelayUrl(`https://relay:${relayPort}`)],
    realm: 'io.macula',
    label: name,
    tlsVerify: 'none',
    identity: identityFromSeed(randomBytes(32)),
    bootId: randomBytes(16),
    names: [name],
    netTicktime: 60,
    tunnelProtocol: () => 2,
    onEvent: () => {},
    onIncoming,
  });
  closers.push(() => made.close('shutdown'));
  made.start();
  await made.joined();
  return made;
}

function started(tunnel: MeshTunnel, ends: string[]): Promise<void> {
  return new Promise((resolve) => {
    tunnel.start({
      onUp: resolve,
      onConfirmed: resolve,
      onWarning: () => {},
      onEnded: ({ reason, text }) => ends.push(`${reason}: ${text}`),
    });
  });
}

interface Local {
  readonly agent: Socket;
  readonly beam: Socket;
  received(): number;
}

/** The socket pair between an agent and its BEAM; the BEAM's end counts what comes. */
async function local(): Promise<Local> {
  const path = join(directory, `${closers.length}.sock`);
  const server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const beam = connect(path);
  const [agent] = await accepted;
  server.close();
  let bytes = 0;
  beam.on('data', (chunk) => {
    bytes += chunk.length;
  });
  closers.push(() => {
    beam.destroy();
    agent.destroy();
  });
  return { agent, beam, received: () => bytes };
}
