import { randomBytes } from 'node:crypto';
import type { Transport } from '@macula/transport';
import type { MeshPort, OpenMesh } from './service/mesh-port.js';

/** The mesh of @macula/client over one transport, which all BEAMs of this agent share. */
export interface MeshOpener {
  readonly openMesh: OpenMesh;
  /** Closes the transport, if it was ever needed. */
  close(): Promise<void>;
}

/** What may be other than usual. */
export interface MeshOpenerOptions {
  /** Default: QUIC, in a worker process that is started when QUIC is tried, or TLS in this one, whichever connects first. */
  readonly makeTransport?: () => Promise<Transport>;
  /** Whether the default has QUIC at all, and whether `quinn:` URLs can be dialled. Default true. */
  readonly isQuicOn?: boolean;
  /** Peers whose tunnels use the original envelope. Default: none. */
  readonly isProtocol1Peer?: (name: string) => boolean;
}

/** Makes the opener; transport and mesh code are loaded when they are first needed. */
export function createMeshOpener({
  isQuicOn = true,
  makeTransport = () => autoTransport(isQuicOn),
  isProtocol1Peer = () => false,
}: MeshOpenerOptions = {}): MeshOpener {
  const bootId = randomBytes(16);
  let shared: Promise<Transport> | undefined;
  return {
    async openMesh({ caPem, identitySeed, ...request }) {
      shared ??= makeTransport().catch((error: unknown) => {
        shared = undefined; // the next join tries again
        throw error;
      });
      const [{ Mesh }, everybodys] = await Promise.all([import('@macula/client'), shared]);
      const tunnelProtocol = (peer: string) => (isProtocol1Peer(peer) ? 1 : 2);
      const needsQuinn = isQuicOn && request.relays.some(({ scheme }) => scheme === 'quinn');
      const own = needsQuinn ? await withQuinn(everybodys, identitySeed) : undefined;
      const mesh = new Mesh({
        ...request,
        ...(caPem === undefined ? {} : { caPem }),
        transport: own ?? everybodys,
        bootId,
        tunnelProtocol,
      });
      return own === undefined ? mesh : closingWith(mesh, own);
    },
    async close() {
      const transport = await shared?.catch(() => undefined);
      await transport?.close();
    },
  };
}

async function autoTransport(isQuicOn: boolean): Promise<Transport> {
  const { createAutoTransport, createTlsTransport, createWorkerTransport } = await import(
    '@macula/transport'
  );
  const quic = isQuicOn ? [createWorkerTransport()] : [];
  return createAutoTransport({ transports: [...quic, createTlsTransport()] });
}

/** quinn proves an identity, so it belongs to one mesh, unlike the others. `close` closes quinn only. */
async function withQuinn(everybodys: Transport, identitySeed: Uint8Array): Promise<Transport> {
  const { createQuinnTransport } = await import('@macula/transport');
  const quinn = createQuinnTransport({ identitySeed });
  return {
    name: everybodys.name,
    dial: (options) => (options.url.scheme === 'quinn' ? quinn : everybodys).dial(options),
    listen: (options) => everybodys.listen(options),
    close: () => quinn.close(),
  };
}

/** The mesh, which closes its transport when it is closed. */
function closingWith(mesh: MeshPort, transport: Transport): MeshPort {
  const closeMesh = mesh.close.bind(mesh);
  mesh.close = async (code) => {
    await closeMesh(code).finally(() => transport.close());
  };
  return mesh;
}
