import { randomBytes } from 'node:crypto';
import type { RelayUrl, Transport } from '@macula/transport';
import type { MeshPort, OpenMesh } from './service/mesh-port.js';

/** The mesh of @macula/client over one transport, which all BEAMs of this agent share. */
export interface MeshOpener {
  readonly openMesh: OpenMesh;
  /** Closes the transport, if it was ever needed. */
  close(): Promise<void>;
}

/** What may be other than usual. */
export interface MeshOpenerOptions {
  /** Whether QUIC is tried at all, and quinn where the relays' URLs say so. Default true. */
  readonly isQuicOn?: boolean;
  /** Peers whose tunnels use the original envelope. Default: none. */
  readonly isProtocol1Peer?: (name: string) => boolean;
}

/** What all meshes share: one transport, and what it chooses from. */
interface Shared {
  readonly transport: Transport;
  readonly choice: readonly Transport[];
}

/** Makes the opener; transport and mesh code are loaded when they are first needed. */
export function createMeshOpener({
  isQuicOn = true,
  isProtocol1Peer = () => false,
}: MeshOpenerOptions = {}): MeshOpener {
  const bootId = randomBytes(16);
  let sharing: Promise<Shared> | undefined;
  return {
    async openMesh({ caPem, identitySeed, token, ...request }) {
      sharing ??= share(isQuicOn).catch((error: unknown) => {
        sharing = undefined; // the next join tries again
        throw error;
      });
      const [{ Mesh }, shared] = await Promise.all([import('@macula/client'), sharing]);
      const tunnelProtocol = (peer: string) => (isProtocol1Peer(peer) ? 1 : 2);
      const needsQuinn = isQuicOn && request.relays.some(saysQuinn);
      const own = needsQuinn ? await withQuinn(shared.choice, identitySeed) : undefined;
      const mesh = new Mesh({
        ...request,
        ...(caPem === undefined ? {} : { caPem }),
        ...(token === undefined ? {} : { token }),
        transport: own ?? shared.transport,
        bootId,
        tunnelProtocol,
      });
      return own === undefined ? mesh : closingWith(mesh, own);
    },
    async close() {
      const shared = await sharing?.catch(() => undefined);
      await shared?.transport.close();
    },
  };
}

/** QUIC, in a worker process that is started when QUIC is tried, or TLS in this one, whichever connects first. */
async function share(isQuicOn: boolean): Promise<Shared> {
  const { createAutoTransport, createTlsTransport, createWorkerTransport } = await import(
    '@macula/transport'
  );
  const choice = [...(isQuicOn ? [createWorkerTransport()] : []), createTlsTransport()].map(
    closedWhenMissing,
  );
  return { transport: createAutoTransport({ transports: choice }), choice };
}

/** Closed for all as soon as it says that it can't be used on this machine, since it may have a process that waits for work. */
function closedWhenMissing(transport: Transport): Transport {
  let missing: unknown;
  return {
    name: transport.name,
    dial: async (options) => {
      if (missing !== undefined) throw missing;
      try {
        return await transport.dial(options);
      } catch (thrown) {
        if ((thrown as { code?: unknown }).code === 'unsupported') {
          missing = thrown;
          void transport.close().catch(() => undefined);
        }
        throw thrown;
      }
    },
    listen: (options) => transport.listen(options),
    close: () => transport.close(),
  };
}

function saysQuinn({ scheme, quinnPort }: RelayUrl): boolean {
  return scheme === 'quinn' || quinnPort !== undefined;
}

/** quinn proves an identity, so it belongs to one mesh, unlike the others, which stay open when this is closed. */
async function withQuinn(choice: readonly Transport[], identitySeed: Uint8Array): Promise<Transport> {
  const { createAutoTransport, createQuinnTransport } = await import('@macula/transport');
  const borrowed = choice.map(
    (transport): Transport => ({
      name: transport.name,
      dial: (options) => transport.dial(options),
      listen: (options) => transport.listen(options),
      close: async () => {},
    }),
  );
  return createAutoTransport({ transports: [...borrowed, createQuinnTransport({ identitySeed })] });
}

/** The mesh, which closes its transport when it is closed. */
function closingWith(mesh: MeshPort, transport: Transport): MeshPort {
  const closeMesh = mesh.close.bind(mesh);
  mesh.close = async (code) => {
    await closeMesh(code).finally(() => transport.close());
  };
  return mesh;
}
