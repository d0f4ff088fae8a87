import { randomBytes } from 'node:crypto';
import type { IncomingTunnel, Mesh, MeshEvent, MeshTunnel } from '@macula/client';
import type { Transport } from '@macula/transport';
import { eventually } from '../harness/index.js';
import { type ClientLibrary, clientLibrary, type Version } from './client-library.js';

/** How a {@link MeshAgent} joins. */
export interface MeshAgentOptions {
  readonly version: Version;
  readonly names: readonly string[];
  /** URLs of relays, in order of preference. */
  readonly relays: readonly string[];
  /** Default: none stands by. */
  readonly standbySessions?: number;
}

/** A member of the mesh in this process: a client of either version with an identity of its own. */
export class MeshAgent {
  readonly version: Version;
  readonly mesh: Mesh;
  readonly events: MeshEvent[] = [];
  readonly #transport: Transport;
  /** Who waits for a tunnel from whom. */
  readonly #awaited = new Map<string, (incoming: IncomingTunnel) => void>();

  private constructor(library: ClientLibrary, options: MeshAgentOptions) {
    this.version = options.version;
    this.#transport = library.createTlsTransport();
    this.mesh = new library.Mesh({
      transport: this.#transport,
      relays: options.relays.map((url) => library.parseRelayUrl(url)),
      realm: 'io.macula',
      label: options.names[0] ?? 'nameless',
      tlsVerify: 'none',
      identity: library.identityFromSeed(randomBytes(32)),
      bootId: randomBytes(16),
      names: options.names,
      netTicktime: 60,
      standbySessions: options.standbySessions ?? 0,
      onEvent: (event) => this.events.push(event),
      onIncoming: (incoming) => this.#handleIncoming(incoming),
    });
  }

  /** Resolves when it has joined; an agent that doesn't is closed. @throws MeshError */
  static async join(options: MeshAgentOptions): Promise<MeshAgent> {
    const agent = new MeshAgent(await clientLibrary(options.version), options);
    agent.mesh.start();
    try {
      await agent.mesh.joined();
    } catch (error) {
      await agent.close();
      throw error;
    }
    return agent;
  }

  /** Its first name. */
  get name(): string {
    return this.mesh.status().names[0]!;
  }

  /** The next tunnel that somebody who calls itself so asks for. */
  incomingFrom(peer: string): Promise<IncomingTunnel> {
    return new Promise((resolve) => this.#awaited.set(peer, resolve));
  }

  /** Why no tunnel to this name comes about. @throws Error when one does */
  refusal(to: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const tunnel: MeshTunnel = this.mesh.connect({ from: this.name, to, key: clusterKey });
      tunnel.start({
        onUp: () => reject(new Error(`${this.name} has a tunnel to ${to}`)),
        onEnded: ({ reason }) => resolve(reason),
      });
    });
  }

  /** The first event that matches, of those that were or that come. */
  happens<Kind extends MeshEvent['kind']>(
    kind: Kind,
    more: Partial<Extract<MeshEvent, { kind: Kind }>> = {},
  ): Promise<MeshEvent> {
    const wanted = Object.entries({ kind, ...more });
    const isWanted = (event: MeshEvent): boolean => {
      const fields = new Map<string, unknown>(Object.entries(event));
      return wanted.every(([key, value]) => fields.get(key) === value);
    };
    const look = (): MeshEvent => {
      const event = this.events.find(isWanted);
      if (event === undefined) throw new Error(`events so far: ${JSON.stringify(this.events)}`);
      return event;
    };
    return eventually(look, { what: `${this.name}: ${JSON.stringify(Object.fromEntries(wanted))}` });
  }

  async close(): Promise<void> {
    await this.mesh.close('shutdown');
    await this.#transport.close();
  }

  #handleIncoming(incoming: IncomingTunnel): void {
    const { from } = incoming;
    const take = this.#awaited.get(from);
    this.#awaited.delete(from);
    if (take === undefined) incoming.refuse('refused', `nobody expects ${from}`);
    else take(incoming);
  }
}

/** The tunnel key that all share. */
export const clusterKey: Uint8Array = randomBytes(32);
