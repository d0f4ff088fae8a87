import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ControlChannel } from '../control/control-channel.js';
import { ephemeralIdentity, type StoredIdentity } from '../identity-store.js';
import { silentLog } from '../log.js';
import { NodeService, type ServiceEnd } from '../service/node-service.js';
import { readTunnelSettings } from '../tunnel-settings.js';
import { BeamSocket, FakeBeam } from './fake-beam.js';
import { type FakeMesh, fakeMeshes } from './fake-mesh.js';

/** A service with a fake BEAM in front and fake meshes behind; `dispose` removes its files. */
export interface Harness {
  readonly beam: FakeBeam;
  readonly service: NodeService;
  readonly ended: Promise<ServiceEnd>;
  readonly meshes: FakeMesh[];
  /** Directory that plays XDG_RUNTIME_DIR. */
  readonly directory: string;
  dispose(): Promise<void>;
}

/** What a test changes. */
export interface HarnessOptions {
  readonly joinAtOnce?: boolean;
  readonly localSockets?: 'unix' | 'tcp';
  readonly negotiationMs?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly loadIdentity?: (label: string | undefined) => StoredIdentity;
}

/** Starts a service. */
export function startHarness(options: HarnessOptions = {}): Harness {
  const directory = mkdtempSync(join(tmpdir(), 'macula-test-'));
  const toAgent = new PassThrough();
  const toBeam = new PassThrough();
  const { made, openMesh } = fakeMeshes(options.joinAtOnce);
  const service = new NodeService({
    channel: new ControlChannel({ input: toAgent, output: toBeam }),
    openMesh,
    loadIdentity: options.loadIdentity ?? ephemeralIdentity,
    settings: {
      localSockets: options.localSockets ?? 'unix',
      tunnels: {
        ...readTunnelSettings({}, () => undefined),
        ...(options.negotiationMs === undefined ? {} : { distTimeout: options.negotiationMs }),
      },
    },
    environment: { XDG_RUNTIME_DIR: directory, ...options.environment },
    agentVersion: '0.0.0-test',
    log: silentLog,
  });
  const beam = new FakeBeam({ input: toBeam, output: toAgent });
  const ended = service.run();
  return {
    beam,
    service,
    ended,
    meshes: made,
    directory,
    async dispose() {
      await service.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Makes a private directory with a socket that nobody listens on, as kill -9 leaves it. */
export async function leaveSocket(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  mkdirSync(dirname(path), { mode: 0o700 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.other`, resolve));
  renameSync(`${path}.other`, path); // a closing server removes its file
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return path;
}

/** The listen socket of a fake BEAM, in a directory of its own. */
export interface BeamListener {
  readonly path: string;
  readonly server: Server;
  accept(): Promise<BeamSocket>;
}

/** Listens as a BEAM does. */
export async function listenAsBeam(parent: string): Promise<BeamListener> {
  const path = join(mkdtempSync(join(parent, 'macula-beam-')), 's');
  const sockets: Socket[] = [];
  const waiters: ((socket: Socket) => void)[] = [];
  const server = createServer((socket) => {
    const waiter = waiters.shift();
    if (waiter === undefined) sockets.push(socket);
    else waiter(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    server,
    async accept() {
      const early = sockets.shift();
      return new BeamSocket(early ?? (await new Promise((resolve) => waiters.push(resolve))));
    },
  };
}
