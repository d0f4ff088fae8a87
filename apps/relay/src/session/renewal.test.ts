import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mesh, type MeshEvent, type MeshTunnel } from '@macula/client';
import { deriveTunnelKey, identityFromSeed } from '@macula/crypto';
import { createQuicTransport, makeDevCertificate, parseRelayUrl, type Transport } from '@macula/transport';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseRelayConfig } from '../config.js';
import { type RunningRelay, startRelay } from '../relay.js';
import { Nat } from '../testing/nat.js';
import { until } from '../testing/until.js';

const key = deriveTunnelKey(Buffer.from('cookie'));
/** Changes of address after which a relay asks for another connection: 63 less 8. */
const changesUntilRenewal = 55;

let relay: RunningRelay;
let nat: Nat;
let near: Mesh;
let far: Mesh;
let transports: Transport[];
let directory: string;
const events: MeshEvent[] = [];

beforeEach(async () => {
  events.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'macula-renewal-'));
  transports = [createQuicTransport(), createQuicTransport(), createQuicTransport()];
  const [first, second, third] = transports as [Transport, Transport, Transport];
  const certificate = await makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });
  const config = parseRelayConfig({ listen: '127.0.0.1:0', logLevel: 'silent', drainGraceMs: 0 });
  const secrets = { seed: randomBytes(32), certificate };
  relay = await startRelay(config, { transports: [first], secrets });
  const { host, port } = relay.listen[0]!;
  nat = await Nat.open({ host, port });
  near = meshOf('near@x', second, nat.address.port);
  far = meshOf('far@x', third, port);
  await Promise.all([near.joined(), far.joined()]);
});
afterEach(async () => {
  await Promise.all([near.close('shutdown'), far.close('shutdown')]);
  await relay.close();
  nat.close();
  await Promise.all(transports.map((transport) => transport.close()));
  rmSync(directory, { recursive: true });
});

/** A node that echoes what it gets. */
function meshOf(name: string, transport: Transport, port: number): Mesh {
  const mesh = new Mesh({
    transport,
    relays: [parseRelayUrl(`quic://127.0.0.1:${port}`)],
    realm: 'io.macula',
    label: name,
    tlsVerify: 'none',
    identity: identityFromSeed(randomBytes(32)),
    bootId: randomBytes(16),
    names: [name],
    netTicktime: 60,
    onEvent: (event) => name === 'near@x' && events.push(event),
    onIncoming: (request) => {
      const tunnel = request.accept({ key })!;
      tunnel.start({
        onConfirmed: async () => {
          const { agent, node } = await socketPair();
          node.pipe(node);
          tunnel.attachLocal(agent);
        },
        onEnded: () => undefined,
      });
    },
  });
  mesh.start();
  return mesh;
}

let sockets = 0;
async function socketPair(): Promise<{ agent: Socket; node: Socket }> {
  const path = join(directory, `${sockets++}.sock`);
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, 'listening');
  const node = connect(path);
  const [agent] = (await once(server, 'connection')) as [Socket];
  server.close();
  node.on('error', () => undefined);
  return { agent, node };
}

/** A tunnel to an echoing node, as a node uses it. */
class Line {
  ended: string | undefined;
  #node: Socket | undefined;
  readonly #tunnel: MeshTunnel;
  #received: Buffer[] = [];

  private constructor(tunnel: MeshTunnel) {
    this.#tunnel = tunnel;
  }

  static async open(mesh: Mesh, from: string, to: string): Promise<Line> {
    const tunnel = mesh.connect({ from, to, key });
    const line = new Line(tunnel);
    let isUp = false;
    tunnel.start({
      onUp: () => {
        isUp = true;
      },
      onEnded: ({ reason, text }) => {
        line.ended = `${reason} ${text}`;
      },
    });
    await until(() => isUp || line.ended, 'the tunnel');
    if (!isUp) throw new Error(`no tunnel: ${line.ended}`);
    const { agent, node } = await socketPair();
    node.on('data', (chunk) => line.#received.push(chunk));
    tunnel.attachLocal(agent);
    line.#node = node;
    return line;
  }

  /** Sends bytes and waits until they came back, no more and no others. */
  async echo(byteCount: number): Promise<void> {
    const bytes = randomBytes(byteCount);
    this.#received = [];
    this.#node!.write(bytes);
    const arrived = (): number => this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
    await until(() => arrived() >= byteCount || this.ended, 'the echo');
    if (!Buffer.concat(this.#received).equals(bytes)) throw new Error(`not what was sent; ${this.ended}`);
  }

  async close(): Promise<void> {
    this.#tunnel.close('ok', '');
    await until(() => this.ended, 'the end');
  }
}

const kinds = (): string[] => events.map(({ kind }) => kind);

it('a node whose address changes 150 times stays in reach; 60 changes lose no byte of a tunnel', async () => {
  let renewals = 0;
  let changesOfSession = 0;
  let line: Line | undefined;
  const long = await Line.open(near, 'near@x', 'far@x');
  for (let change = 1; change <= 150; change++) {
    if (change % 5 === 1) {
      await line?.close();
      line = await Line.open(near, 'near@x', 'far@x');
    }
    await nat.rebind();
    await line!.echo(5000);
    if (change <= 60) await long.echo(5000);
    if (change === 60) await long.close();
    if (++changesOfSession < changesUntilRenewal) continue;
    changesOfSession = 0;
    renewals++;
    await until(() => kinds().length === 1 + renewals, 'the renewal');
  }
  expect(kinds()).toEqual(['session_up', 'session_renewed', 'session_renewed']);
  expect(events[1]).toMatchObject({ why: 'asked' });
  const back = await Line.open(far, 'far@x', 'near@x');
  await back.echo(5000);
  await line!.close();
  await back.close();
  await until(() => relay.status().sessions.length === 2, 'the end of the superseded sessions');
  expect(
    relay
      .status()
      .sessions.map(({ names }) => names[0])
      .sort(),
  ).toEqual(['far@x', 'near@x']);
});

it('a node whose path swallows everything has another session, and its tunnel, within 3 s', async () => {
  const fromMs = performance.now();
  nat.block();
  const line = await Line.open(near, 'near@x', 'far@x');
  expect(performance.now() - fromMs).toBeLessThan(3000);
  expect(kinds()).toEqual(['session_up', 'session_renewed']);
  expect(events[1]).toMatchObject({ why: 'unanswered' });
  await line.echo(100_000);
  const back = await Line.open(far, 'far@x', 'near@x');
  await back.echo(100_000);
});
