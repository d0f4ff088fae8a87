import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { ControlChannel } from './control/control-channel.js';
import { listenForControl } from './control-socket.js';
import { channelsMax, endMsMax } from './limits.js';
import { createLog, type Log } from './log.js';
import { createMeshOpener, type MeshOpener } from './open-mesh.js';
import { openPortStreams } from './port-streams.js';
import { NodeService, type ServiceEnd } from './service/node-service.js';
import { readSettings } from './settings.js';
import { agentVersion } from './version.js';

/** How BEAMs reach the agent. */
export type AgentChannel =
  /** File descriptors 3 (from the BEAM) and 4 (to it), as `open_port/2` with `nouse_stdio` makes them. One BEAM. */
  | { readonly channel: 'port' }
  /** A Unix-domain control socket at `path`, mode 0600 in a directory of mode 0700. Many BEAMs of this user. */
  | { readonly channel: 'socket'; readonly path: string };

/** What a program or a test may replace. */
export interface AgentDependencies {
  /** Default: `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: @macula/client over the auto transport of @macula/transport. */
  readonly meshOpener?: MeshOpener;
  /** Default: as `MACULA_LOG` says. */
  readonly log?: Log;
}

/** An agent at work. */
export interface RunningAgent {
  /** The exit status, once everything has ended: 0, or 2 when the BEAM on the port broke the protocol, 70 when a service failed. */
  readonly ended: Promise<number>;
  /** Ends every tunnel and channel; resolves when that is done, after at most about two seconds. */
  stop(): Promise<void>;
}

/**
 * Starts an agent inside this process, without touching signals or the process itself; `runAgent` is the program.
 * @throws Error when the control socket can't be made, with cause and remedy
 */
export async function startAgent(
  where: AgentChannel,
  dependencies: AgentDependencies = {},
): Promise<RunningAgent> {
  const environment = dependencies.environment ?? process.env;
  const warnings: string[] = [];
  const settings = readSettings(environment, where.channel, (text) => warnings.push(text));
  const log = dependencies.log ?? (await createLog(settings.logLevel));
  for (const text of warnings) log.warn({}, text);
  const meshOpener = dependencies.meshOpener ?? createMeshOpener(settings);
  const makeService = (channel: ControlChannel) =>
    new NodeService({
      channel,
      openMesh: meshOpener.openMesh,
      settings,
      environment,
      agentVersion,
      log,
    });
  if (where.channel === 'port') return startPortAgent(makeService, meshOpener);
  return startSocketAgent({ server: await listenForControl(where.path), makeService, meshOpener, log });
}

type ServiceMaker = (channel: ControlChannel) => NodeService;

function startPortAgent(makeService: ServiceMaker, meshOpener: MeshOpener): RunningAgent {
  const service = makeService(new ControlChannel(openPortStreams()));
  const ended = service.run().then(async (end) => {
    await closeOpener(meshOpener);
    return exitStatus(end);
  });
  return {
    ended,
    async stop() {
      await service.end();
      await ended;
    },
  };
}

interface SocketAgentOptions {
  readonly server: Server;
  readonly makeService: ServiceMaker;
  readonly meshOpener: MeshOpener;
  readonly log: Log;
}

function startSocketAgent({ server, makeService, meshOpener, log }: SocketAgentOptions): RunningAgent {
  const services = new Set<NodeService>();
  server.on('connection', (socket: Socket) => {
    if (services.size >= channelsMax) {
      log.warn({}, `more than ${channelsMax} nodes; refused one`);
      socket.destroy();
      return;
    }
    const service = makeService(new ControlChannel({ input: socket, output: socket }));
    services.add(service);
    void service.run().then(() => services.delete(service));
  });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    server.close();
    await Promise.all([...services].map((service) => service.end()));
    await closeOpener(meshOpener);
  };
  const closed = once(server, 'close');
  return {
    ended: closed.then(async () => {
      await stopping;
      return 0;
    }),
    stop: () => (stopping ??= stop()),
  };
}

function exitStatus(end: ServiceEnd): number {
  if (end.kind === 'malformed') return 2;
  return end.kind === 'failed' ? 70 : 0;
}

async function closeOpener(meshOpener: MeshOpener): Promise<void> {
  await Promise.race([
    meshOpener.close().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, endMsMax).unref()),
  ]);
}
