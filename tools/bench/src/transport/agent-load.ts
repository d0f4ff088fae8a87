import { randomBytes } from 'node:crypto';
import { Mesh } from '@macula/client';
import { identityFromSeed } from '@macula/crypto';
import { parseRelayConfig, relayTransports, startRelay } from '@macula/relay';
import {
  createQuicTransport,
  makeDevCertificate,
  parseRelayUrl,
  type RelayUrl,
  type Transport,
} from '@macula/transport';
import { inParallel } from './quic-load.js';

/** Joins at once: below what makes a listener ask for a Retry. */
const joiningMax = 16;
const bootId = randomBytes(16);

/** A relay in this process, as one is run without its supervisor. Resolves with the port. */
export async function startBenchRelay(): Promise<number> {
  const config = parseRelayConfig({ listen: '127.0.0.1:0', logLevel: 'error' });
  const certificate = await makeDevCertificate({ names: [], ips: ['127.0.0.1'], days: 1 });
  const secrets = { seed: randomBytes(32), certificate };
  const relay = await startRelay(config, { transports: relayTransports(config, secrets), secrets });
  return relay.listen[0]!.port;
}

/** Agents that join a relay's mesh, without the BEAMs behind them. */
export class AgentLoad {
  readonly #meshes: Set<Mesh> = new Set();

  /** Joins so many times; answers how many are connected then. */
  async join(port: number, count: number, keepAliveMs: number, stays: boolean): Promise<number> {
    const transport = createQuicTransport({ keepAliveMs });
    const url = parseRelayUrl(`quic://127.0.0.1:${port}`);
    await inParallel(count, joiningMax, async (index) => {
      const mesh = await joined(transport, url, `agent-${process.pid}-${index}@bench`);
      if (stays) this.#meshes.add(mesh);
      else await mesh.close('shutdown');
    });
    return this.joined;
  }

  /** Of those that stay, the connected ones. */
  get joined(): number {
    const isConnected = (mesh: Mesh): boolean =>
      mesh.status().relays.some(({ state }) => state === 'connected');
    return [...this.#meshes].filter(isConnected).length;
  }
}

async function joined(transport: Transport, url: RelayUrl, name: string): Promise<Mesh> {
  const mesh = new Mesh({
    transport,
    relays: [url],
    realm: 'bench',
    label: name,
    tlsVerify: 'none',
    identity: identityFromSeed(randomBytes(32)),
    bootId,
    names: [name],
    netTicktime: 60,
    onIncoming: (incoming) => incoming.refuse('not_here', 'nobody is tunnelled to here'),
    onEvent: () => {},
  });
  mesh.start();
  await mesh.joined();
  return mesh;
}
