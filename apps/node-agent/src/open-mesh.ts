import { randomBytes } from 'node:crypto';
import type { Transport } from '@macula/transport';
import type { OpenMesh } from './service/mesh-port.js';

/** The mesh of @macula/client over one transport, which all BEAMs of this agent share. */
export interface MeshOpener {
  readonly openMesh: OpenMesh;
  /** Closes the transport, if it was ever needed. */
  close(): Promise<void>;
}

/** Makes the opener; transport and mesh code are loaded when they are first needed, or by `preload`. */
export function createMeshOpener(makeTransport: () => Promise<Transport> = workerTransport): MeshOpener {
  const bootId = randomBytes(16);
  let transport: Promise<Transport> | undefined;
  return {
    async openMesh(request) {
      transport ??= makeTransport().catch((error: unknown) => {
        transport = undefined; // the next join tries again
        throw error;
      });
      const [{ Mesh }, shared] = await Promise.all([import('@macula/client'), transport]);
      return new Mesh({ ...request, transport: shared, bootId });
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
