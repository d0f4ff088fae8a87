import type { Socket } from 'node:net';
import type { Failure } from '@macula/client';
import type { WireCode } from '@macula/wire';
import type {
  IncomingRequest,
  MeshPort,
  MeshRequest,
  MeshStatusView,
  OpenMesh,
  TunnelEnd,
  TunnelFigures,
  TunnelPort,
  TunnelPortHandlers,
} from '../service/mesh-port.js';

/** A tunnel that a test drives by hand; what the BEAM sends is collected in `received`. */
export class FakeTunnel implements TunnelPort {
  readonly peer: string;
  readonly role: 'initiator' | 'responder';
  readonly key: Uint8Array;
  tunnelId: Uint8Array | undefined;
  path: TunnelPort['path'] = { relay: 'https://relay.example.org:4433', transport: 'fake' };
  /** What a core of today has and one of yesterday didn't. */
  more: Partial<TunnelFigures> = {};
  handlers: TunnelPortHandlers | undefined;
  socket: Socket | undefined;
  received: Buffer = Buffer.alloc(0);
  readonly closes: { reason: WireCode; text: string }[] = [];
  ended = false;

  constructor(options: { peer: string; role: 'initiator' | 'responder'; key: Uint8Array }) {
    this.peer = options.peer;
    this.role = options.role;
    this.key = options.key;
  }

  start(handlers: TunnelPortHandlers): void {
    this.handlers = handlers;
  }

  attachLocal(socket: Socket): void {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
    });
    socket.on('close', () => this.end({ reason: 'beam_closed', text: '', byPeer: false }));
  }

  close(reason: WireCode, text: string): void {
    this.closes.push({ reason, text });
    this.end({ reason, text, byPeer: false });
  }

  /** Ends it as the mesh would: the owner hears first, then the local socket closes. */
  end(end: TunnelEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.handlers?.onEnded(end);
    this.socket?.destroySoon();
  }

  metrics(): TunnelFigures {
    const bytes = { bytesIn: 1, bytesOut: this.received.length, ringBytes: 5, waitingBytes: 6 };
    return { ...bytes, recordsIn: 2, recordsOut: 3, srttMs: 4.4, ...this.more };
  }
}

/** A mesh that a test drives by hand. */
export class FakeMesh implements MeshPort {
  readonly request: MeshRequest;
  readonly tunnels: FakeTunnel[] = [];
  readonly closedWith: WireCode[] = [];
  readonly errors: Map<string, Failure> = new Map();
  isRefused = false;
  presentToken: string | undefined;
  names: readonly string[];
  started = false;
  resolveJoined: () => void = () => undefined;
  rejectJoined: (error: Error) => void = () => undefined;
  readonly #joined: Promise<void>;

  constructor(request: MeshRequest) {
    this.request = request;
    this.names = request.names;
    this.#joined = new Promise((resolve, reject) => {
      this.resolveJoined = resolve;
      this.rejectJoined = reject;
    });
    this.#joined.catch(() => undefined);
  }

  start(): void {
    this.started = true;
  }

  joined(): Promise<void> {
    return this.#joined;
  }

  lastErrors(): ReadonlyMap<string, Failure> {
    return this.errors;
  }

  checkToken(): void {
    this.presentToken = this.request.token?.();
  }

  setNames(names: readonly string[]): void {
    this.names = names;
  }

  connect({ to, key }: { from: string; to: string; key: Uint8Array }): TunnelPort {
    const tunnel = new FakeTunnel({ peer: to, role: 'initiator', key });
    this.tunnels.push(tunnel);
    return tunnel;
  }

  /** A peer asks for a tunnel. */
  ask(from: string, to: string): FakeIncoming {
    const incoming = new FakeIncoming(this, from, to);
    this.request.onIncoming(incoming);
    return incoming;
  }

  status(): MeshStatusView {
    const relays = this.request.relays.map(({ text }) => ({ url: text, state: 'connected', rttMs: 1.6 }));
    return { realm: this.request.realm, names: this.names, relays, isRefused: this.isRefused };
  }

  async close(code: WireCode): Promise<void> {
    this.closedWith.push(code);
    this.rejectJoined(new Error('closed'));
    for (const tunnel of this.tunnels) tunnel.close(code, 'the mesh is closed');
  }
}

/** A peer's request in a {@link FakeMesh}. */
export class FakeIncoming implements IncomingRequest {
  readonly from: string;
  readonly to: string;
  readonly #mesh: FakeMesh;
  tunnel: FakeTunnel | undefined;
  /** What the offer is. */
  unusable = false;
  refusedWith: { code: WireCode; text: string } | undefined;

  constructor(mesh: FakeMesh, from: string, to: string) {
    this.#mesh = mesh;
    this.from = from;
    this.to = to;
  }

  accept({ key }: { key: Uint8Array }): TunnelPort | undefined {
    if (this.unusable) return undefined;
    this.tunnel = new FakeTunnel({ peer: this.from, role: 'responder', key });
    this.#mesh.tunnels.push(this.tunnel);
    return this.tunnel;
  }

  refuse(code: WireCode, text: string): void {
    this.refusedWith = { code, text };
  }
}

/** An `OpenMesh` that keeps what it made; each is joined at once unless `joinAtOnce` is false. */
export function fakeMeshes(joinAtOnce = true): { readonly made: FakeMesh[]; readonly openMesh: OpenMesh } {
  const made: FakeMesh[] = [];
  return {
    made,
    async openMesh(request) {
      const mesh = new FakeMesh(request);
      made.push(mesh);
      if (joinAtOnce) mesh.resolveJoined();
      return mesh;
    },
  };
}
