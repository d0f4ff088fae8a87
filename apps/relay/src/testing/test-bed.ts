import { randomBytes } from 'node:crypto';
import {
  createMemoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  type Transport,
} from '@macula/transport';
import { parseRelayConfig, type RelayConfigInput } from '../config.js';
import { type RelayParts, type RunningRelay, startRelay } from '../relay.js';
import { TestAgent, type TestAgentOptions } from './test-agent.js';

/** Relays and agents in one memory network; `close` ends them all. */
export class TestBed {
  readonly network: MemoryNetwork;
  readonly #relays: RunningRelay[] = [];
  readonly #transports: Transport[] = [];

  constructor(options: MemoryNetworkOptions = {}) {
    this.network = createMemoryNetwork(options);
  }

  /** Starts a relay at `relay:PORT`; `seed` makes it keep its identity. */
  async relay(
    port: number,
    input: RelayConfigInput = {},
    parts: Partial<RelayParts> & { seed?: Uint8Array; meshSecret?: string } = {},
  ): Promise<RunningRelay> {
    const { seed, meshSecret, ...more } = parts;
    const config = parseRelayConfig({
      listen: `relay:${port}`,
      open: true,
      logLevel: 'silent',
      drainGraceMs: 200,
      // Tests say themselves who peers with whom.
      advertise: 'none',
      membershipProfile: 'local',
      ...input,
    });
    const certificate = { certPem: `certificate of ${port}`, keyPem: '' };
    const secrets = { seed: seed ?? randomBytes(32), certificate, meshSecret };
    const transports = [this.network.transport(`host${port}`)];
    const relay = await startRelay(config, { transports, secrets, ...more });
    this.#relays.push(relay);
    return relay;
  }

  /** A host of its own for somebody who dials. */
  transport(host = 'agent'): Transport {
    const transport = this.network.transport(host);
    this.#transports.push(transport);
    return transport;
  }

  agent(port: number, options: TestAgentOptions = {}): Promise<TestAgent> {
    return TestAgent.join(this.transport(), port, options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.close()));
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }
}
