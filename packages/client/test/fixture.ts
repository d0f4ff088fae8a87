import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSeed } from '@macula/crypto';
import { createMemoryNetwork, makeDevCertificate, parseRelayUrl, type Transport } from '@macula/transport';
import { expect, vi } from 'vitest';
import {
  type IncomingTunnel,
  Mesh,
  type MeshEvent,
  type MeshOptions,
  type MeshTunnel,
  type MeshTunnelEnded,
  type MeshTunnelHandlers,
} from '../src/index.js';
import { TestRelay } from './test-relay.js';

/** A relay and meshes around it on a network in memory, with real local sockets; `close` ends all. */
export class Fixture {
  readonly network = createMemoryNetwork();
  readonly directory: string = mkdtempSync(join(tmpdir(), 'macula-client-'));
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];
  #sockets = 0;

  async relay(host = 'relay', port = 4433): Promise<TestRelay> {
    const certificate = await makeDevCertificate({ names: [host], ips: [], days: 1 });
    const relay = await TestRelay.start(this.network.transport(host), { host, port, certificate });
    this.#closers.push(() => relay.close());
    return relay;
  }

  /** A mesh with a node `name`, by default with no session that stands by; incoming tunnels are accepted with `key` and echoed to `onLocal`. */
  mesh(
    name: string,
    options: {
      relays: string[];
      key?: Uint8Array;
      realm?: string;
      ticktime?: number;
      protocol?: 1 | 2;
      token?: () => string;
      transport?: Transport;
      more?: Partial<Pick<MeshOptions, 'tunnelLimits' | 'reconnectIntervalMs' | 'standbySessions'>>;
    },
  ): Node {
    const events: MeshEvent[] = [];
    const incoming: IncomingTunnel[] = [];
    const node: Node = {
      name,
      events,
      incoming,
      onIncoming: () => undefined,
      mesh: new Mesh({
        transport: options.transport ?? this.network.transport(name),
        relays: options.relays.map(parseRelayUrl),
        realm: options.realm ?? 'io.macula',
        label: name,
        tlsVerify: 'none',
        identity: identityFromSeed(randomBytes(32)),
        bootId: randomBytes(16),
        names: [name],
        ...(options.token && { token: options.token }),
        standbySessions: 0,
        ...options.more,
        netTicktime: options.ticktime ?? 120,
        tunnelProtocol: () => options.protocol ?? 2,
        onEvent: (event) => events.push(event),
        onIncoming: (request) => {
          incoming.push(request);
          node.onIncoming(request);
        },
      }),
    };
    this.#closers.push(() => node.mesh.close('shutdown'));
    return node;
  }

  /** Dials every connection from a host of its own (`NAME#1`, `NAME#2`, …), so that one path can be cut and not the next. */
  paths(name: string): Transport {
    const transport = this.network.transport(name);
    let paths = 0;
    return {
      name: transport.name,
      dial: (options) => this.network.transport(`${name}#${++paths}`).dial(options),
      listen: (options) => transport.listen(options),
      close: () => transport.close(),
    };
  }

  /** Two ends of a Unix-domain socket: the agent's and the node's. */
  async socketPair(): Promise<{ agent: Socket; node: Socket }> {
    const path = join(this.directory, `${this.#sockets++}.sock`);
    const server: Server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const node = connect(path);
    const agent = await accepted;
    server.close();
    this.#closers.push(() => {
      node.destroy();
      agent.destroy();
    });
    return { agent, node };
  }

  /** A tunnel between two nodes with local sockets at both ends, known to be up at both: an initiator that isn't could not resume. */
  async link(
    from: Node,
    to: Node,
    key: Uint8Array,
    watchEnd: (end: 'near' | 'far', tunnel: MeshTunnel) => Watched = (_, tunnel) => watch(tunnel),
  ): Promise<Linked> {
    const incoming = new Promise<Watched>((resolve) => {
      to.onIncoming = (request) => resolve(watchEnd('far', request.accept({ key })!));
    });
    const near = watchEnd('near', from.mesh.connect({ from: from.name, to: to.name, key }));
    const far = await incoming;
    const [nearPair, farPair] = [await this.socketPair(), await this.socketPair()];
    await far.ready;
    far.tunnel.attachLocal(farPair.agent);
    await near.ready;
    near.tunnel.attachLocal(nearPair.agent);
    const greeted = received(farPair.node);
    nearPair.node.write('hello');
    await vi.waitFor(() => expect(greeted().toString()).toBe('hello'));
    farPair.node.removeAllListeners('data');
    return { near, far, nearNode: nearPair.node, farNode: farPair.node };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    rmSync(this.directory, { recursive: true });
  }
}

/** A mesh and what it told. */
export interface Node {
  readonly name: string;
  readonly mesh: Mesh;
  readonly events: MeshEvent[];
  readonly incoming: IncomingTunnel[];
  onIncoming: (request: IncomingTunnel) => void;
}

/** A tunnel whose events are promises. */
export interface Watched {
  readonly tunnel: MeshTunnel;
  readonly ready: Promise<void>;
  readonly ended: Promise<MeshTunnelEnded>;
  readonly warnings: string[];
}

/** Both ends of a tunnel, and the nodes' ends of its local sockets. */
export interface Linked {
  readonly near: Watched;
  readonly far: Watched;
  readonly nearNode: Socket;
  readonly farNode: Socket;
}

/** What comes at a socket from now on. */
export function received(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** Starts a tunnel; `ready` is up (initiator) or confirmed (responder). `more`: further handlers. */
export function watch(
  tunnel: MeshTunnel,
  more: Pick<MeshTunnelHandlers, 'onDetached' | 'onResumed'> = {},
): Watched {
  const warnings: string[] = [];
  let ready!: () => void;
  let ended!: (info: MeshTunnelEnded) => void;
  const watched: Watched = {
    tunnel,
    ready: new Promise((resolve) => {
      ready = resolve;
    }),
    ended: new Promise((resolve) => {
      ended = resolve;
    }),
    warnings,
  };
  tunnel.start({
    ...more,
    onUp: ready,
    onConfirmed: ready,
    onWarning: (kind) => warnings.push(kind),
    onEnded: (info) => ended(info),
  });
  return watched;
}
