import { connect, type Socket } from 'node:net';
import {
  decodeEpmdResponse,
  type EpmdRequest,
  type EpmdResponse,
  encodeEpmdRequest,
} from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';
import { type Patience, waitFor } from './patience.js';

/** Where EPMD listens. */
export interface EpmdAddress {
  /** Default 127.0.0.1 for registering, the node's own host for looking up. */
  readonly host?: string;
  /** Default `ERL_EPMD_PORT`, or 4369. */
  readonly port?: number;
}

/** A name that is registered as long as it is not given back. */
export interface EpmdRegistration {
  /** What EPMD wants the node to use: it tells two lives of one name apart. */
  readonly creation: number;
  /** Gives the name back. */
  close(): void;
}

/**
 * Where a node listens.
 *
 * @param node its full name
 * @throws {BeamError} `noconnection`, `timeout`, `aborted`; @throws {EpmdError} for an answer that is none
 */
export async function lookUpNode(node: string, address: EpmdAddress, patience: Patience): Promise<number> {
  const [name = '', host = ''] = node.split('@');
  // Without a host it would be looked for on this machine.
  if (name === '' || host === '')
    throw new BeamError('noconnection', `not a node name: ${JSON.stringify(node)}; it is like me@myhost`);
  const request: EpmdRequest = { kind: 'port', name };
  const answer = await ask(request, { host, ...address }, patience);
  if (answer.kind === 'port') return answer.port;
  throw new BeamError('noconnection', `EPMD of ${address.host ?? host} knows no node ${name}`);
}

/** Names and ports of all nodes that are registered. @throws as {@link lookUpNode} */
export async function registeredNodes(
  address: EpmdAddress,
  patience: Patience = {},
): Promise<readonly { readonly name: string; readonly port: number }[]> {
  const answer = await ask({ kind: 'names' }, address, patience);
  return answer.kind === 'names' ? answer.nodes : [];
}

/**
 * Registers a node. When EPMD is restarted the name is registered again, as `erl_epmd` does it.
 *
 * @throws {BeamError} `name_taken`, `noconnection`, `timeout`, `aborted`
 */
export async function registerNode(
  request: Extract<EpmdRequest, { kind: 'alive' }>,
  address: EpmdAddress,
  patience: Patience = {},
): Promise<EpmdRegistration> {
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  let socket: Socket | undefined;
  const register = async (wait: Patience): Promise<number> => {
    const { answer, socket: open } = await converse(request, address, wait);
    if (answer.kind !== 'registered') {
      open.destroy();
      throw new BeamError('name_taken', `EPMD has a node ${request.name} already`);
    }
    socket = open;
    open.unref();
    open.on('error', () => {}).on('close', again);
    if (isClosed) open.destroy();
    return answer.creation;
  };
  const again = () => {
    if (isClosed) return;
    // A name that another node has taken meanwhile is tried again as well: it may give it back.
    retry = setTimeout(() => register({ timeoutMs: askTimeoutMs }).catch(again), retryMs).unref();
  };
  const creation = await register(patience);
  return {
    creation,
    close() {
      isClosed = true;
      clearTimeout(retry);
      socket?.destroy();
    },
  };
}

async function ask(request: EpmdRequest, address: EpmdAddress, patience: Patience): Promise<EpmdResponse> {
  const { answer, socket } = await converse(request, address, patience);
  socket.destroy();
  return answer;
}

function converse(
  request: EpmdRequest,
  { host = '127.0.0.1', port = epmdPort() }: EpmdAddress,
  { timeoutMs = askTimeoutMs, signal }: Patience,
): Promise<{ readonly answer: EpmdResponse; readonly socket: Socket }> {
  const question = encodeEpmdRequest(request);
  let socket: Socket | undefined;
  const patience: Patience = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
  return waitFor(
    patience,
    `no answer of EPMD at ${host}:${port}`,
    (resolve, reject) => {
      const open = connect({ host, port });
      socket = open;
      let bytes: Uint8Array = new Uint8Array(0);
      const read = (isComplete: boolean) => {
        try {
          const answer = decodeEpmdResponse(request, bytes, isComplete);
          if (answer === undefined) return;
          open.removeAllListeners();
          resolve({ answer, socket: open });
        } catch (error) {
          open.destroy();
          reject(error);
        }
      };
      open.on('connect', () => open.write(question));
      open.on('data', (more: Uint8Array) => {
        bytes = Buffer.concat([bytes, more]);
        read(false);
      });
      open.on('end', () => read(true));
      open.on('error', (cause) =>
        reject(new BeamError('noconnection', `EPMD at ${host}:${port} can't be reached`, { cause })),
      );
    },
    { abandon: () => socket?.destroy() },
  );
}

function epmdPort(): number {
  const port = Number(process.env.ERL_EPMD_PORT);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 4_369;
}

/** As `erl_epmd` waits. */
const askTimeoutMs = 15_000;
const retryMs = 2_000;
