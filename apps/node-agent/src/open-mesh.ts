import { randomBytes } from 'node:crypto';
import type { Transport } from '@macula/transport';
import type { OpenMesh } from './service/mesh-port.js';

/** The mesh of @macula/client over one transport, which all BEAMs of this agent share. */
export interface MeshOpener {
  readonly openMesh: OpenMesh;
  /** Closes the transport, if it was ever needed. */
  close(): Promise<void>;
}

/** What may be other than usual. */
export interface MeshOpenerOptions {
  /** Default: QUIC in a worker process. */
  readonly makeTransport?: () => Promise<Transport>;
  /** Peers whose tunnels use the original envelope. Default: none. */
  readonly isProtocol1Peer?: (name: string) => boolean;
}

/** Makes the opener; transport and mesh code are loaded when they are first needed, or by `preload`. */
export function createMeshOpener({
  makeTransport = workerTransport,
  isProtocol1Peer = () => false,
}: MeshOpenerOptions = {}): MeshOpener {
  const bootId = randomBytes(16);
  let transport: Promise<Transport> | undefined;
  return {
    async openMesh(request) {
      transport ??= makeTransport().catch((error: unknown) => {
        transport = undefined; // the next join tries again
        throw error;
      });
      const [{ Mesh }, shared] = await Promise.all([import('@macula/client'), transport]);
      const tunnelProtocol = (peer: string) => (isProtocol1Peer(peer) ? 1 : 2);
      return new Mesh({ ...request, transport: shared, bootId, tunnelProtocol });
    },
    async close() {
      const shared = await transport?.catch(() => undefined);
      await shared?.close();
    },
  };
}

async function workerTransport(): Promise<Transport> {
  const { createWorkerTransport } = await import('@macula/transport');
  return createWorkerTransport();
}
