import {
  type Atom,
  atom,
  decodeErpcOutcome,
  encodeErpcRequest,
  type FunctionCall,
  isAtom,
  isKind,
  type Pid,
  type Reference,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import { asAtom } from './addresses.js';
import { BeamError, type ExceptionClass } from './beam-error.js';
import type { BeamProcess } from './beam-process.js';
import { type Patience, waitFor } from './patience.js';
import type { ProcessTable } from './process-table.js';

/** Who asks other nodes to run something. */
export interface RemoteCaller {
  readonly table: ProcessTable;
  /** The process that asks, and watches. */
  readonly caller: BeamProcess;
  /** Gets what the functions print. */
  readonly groupLeader: Pid;
}

/** How a process is spawned at another node. */
export interface SpawnRequestOptions extends Patience {
  /** Links the new process with the asking one. Default false. */
  readonly link?: boolean;
  /** Told when the new process has ended. Default: it is not watched. */
  readonly onDown?: (reason: Term) => void;
  /** More options of `spawn_opt/5`, such as `{priority, high}`. Default none. */
  readonly options?: readonly Term[];
}

/**
 * A new process at another node that runs `module:functionName(...args)`, as `spawn_request/5`.
 *
 * @param options default: waits for ever
 * @returns its pid
 * @throws {BeamError} `not_supported`, `noconnection`, `timeout`, `aborted`, `exit` with the reason of any other refusal
 */
export function requestSpawn(
  remote: RemoteCaller,
  node: string | Atom,
  what: FunctionCall,
  options: SpawnRequestOptions = {},
): Promise<Pid> {
  let giveUp = () => {};
  return waitFor<Pid>(
    options,
    'no process',
    (resolve, reject) => {
      giveUp = sendRequest(remote, node, what, options, { made: resolve, refused: reject });
    },
    { abandon: () => giveUp(), waiter: remote.caller },
  );
}

/**
 * Asks for a process, and tells what comes of it.
 *
 * @returns gives it up: the process is neither linked with the asking one nor watched by it, whenever it comes
 */
function sendRequest(
  { table, caller, groupLeader }: RemoteCaller,
  node: string | Atom,
  what: FunctionCall,
  { link: isLink = false, onDown, options = [] }: SpawnRequestOptions,
  { made, refused }: { readonly made: (pid: Pid) => void; readonly refused: (error: BeamError) => void },
): () => void {
  const requestId = table.makeReference();
  const wishes = [...options, ...(isLink ? [link] : []), ...(onDown === undefined ? [] : [monitor])];
  const request = { kind: 'spawn_request', requestId, from: caller.pid, groupLeader } as const;
  let isGivenUp = false;
  table.requestSpawn(asAtom(node), { ...request, ...what, options: wishes }, (reply) => {
    const { result } = reply;
    if (!isKind(result, 'pid')) return refused(refusal(result));
    if (reply.isLinked) caller.adoptLink(result);
    if (reply.isMonitored && onDown !== undefined) caller.adoptMonitor(requestId, result, onDown);
    if (isGivenUp) {
      caller.unlink(result);
      caller.demonitor(requestId);
    }
    made(result);
  });
  return () => {
    isGivenUp = true;
    caller.demonitor(requestId);
  };
}

/**
 * Runs a function at another node, as `erpc:call/5`, and gives what it returns.
 *
 * @param patience default 5,000 ms. What runs goes on after a timeout, as with `erpc`; its result is not sent any more.
 * @throws {BeamError} `exception` with what was raised, `exit` when the process was ended from outside, `noconnection`,
 * `not_supported`, `timeout`, `aborted`
 */
export function callFunction(
  remote: RemoteCaller,
  node: string | Atom,
  what: { readonly module: string; readonly functionName: string; readonly args: readonly Term[] },
  { timeoutMs = 5_000, signal }: Patience,
): Promise<Term> {
  const result = remote.table.makeReference();
  let giveUp = () => {};
  const call = { module: atom(what.module), functionName: atom(what.functionName), args: what.args };
  return waitFor<Term>(
    signal === undefined ? { timeoutMs } : { timeoutMs, signal },
    `no result of ${what.module}:${what.functionName}/${what.args.length}`,
    (resolve, reject) => {
      const onDown = (reason: Term) => {
        try {
          resolve(resultOf(reason, result));
        } catch (error) {
          reject(error);
        }
      };
      const request = encodeErpcRequest({ kind: 'call', result, call });
      giveUp = sendRequest(remote, node, request, { onDown }, { made: () => {}, refused: reject });
    },
    { abandon: () => giveUp(), waiter: remote.caller },
  );
}

/** Runs a function at another node, as `erpc:cast/4`: nothing comes back (but the `spawn_reply`, which nobody waits for). */
export function castFunction(
  { table, caller, groupLeader }: RemoteCaller,
  node: string | Atom,
  what: { readonly module: string; readonly functionName: string; readonly args: readonly Term[] },
): void {
  const call = { module: atom(what.module), functionName: atom(what.functionName), args: what.args };
  table.route(
    asAtom(node),
    {
      kind: 'spawn_request',
      requestId: table.makeReference(),
      from: caller.pid,
      groupLeader,
      options: [],
      ...encodeErpcRequest({ kind: 'cast', call }),
    },
    caller.pid,
  );
}

/**
 * What `rpc:call/5` would have returned: the value, or `{badrpc, Reason}` for whatever went wrong. (`erpc` tells them apart.)
 *
 * @throws {BeamError} `aborted`, `bad_option`
 */
export async function rpcCall(...args: Parameters<typeof callFunction>): Promise<Term> {
  try {
    return await callFunction(...args);
  } catch (error) {
    if (!(error instanceof BeamError)) throw error;
    switch (error.code) {
      case 'exception':
        if (error.class === 'throw') return error.reason as Term;
        if (error.class === 'exit') return badRpc(tuple(exitLabel, error.reason as Term));
        return badRpc(tuple(exitLabel, tuple(error.reason as Term, error.stacktrace ?? [])));
      case 'exit':
        return badRpc(tuple(exitLabel, error.reason as Term));
      case 'timeout':
        return badRpc(atom('timeout'));
      case 'noconnection':
        return badRpc(atom('nodedown'));
      case 'not_supported':
        return badRpc(atom('notsup'));
      default:
        throw error;
    }
  }
}

function badRpc(reason: Term): Term {
  return tuple(atom('badrpc'), reason);
}

function resultOf(reason: Term, result: Reference): Term {
  if (reason === noconnection) throw new BeamError('noconnection', 'the node was lost before it answered');
  const outcome = decodeErpcOutcome(result, reason);
  switch (outcome.kind) {
    case 'returned':
      return outcome.value;
    case 'thrown':
      throw raised('throw', outcome.value);
    case 'exited':
      throw raised('exit', outcome.reason);
    case 'failed':
      throw raised('error', outcome.reason, outcome.stacktrace);
    case 'refused':
      throw refusal(outcome.reason);
    case 'ended':
      throw new BeamError('exit', 'the process was ended from outside', { reason });
  }
}

function raised(kind: ExceptionClass, reason: Term, stacktrace?: Term): BeamError {
  const details = stacktrace === undefined ? { reason, class: kind } : { reason, class: kind, stacktrace };
  return new BeamError('exception', `the function raised ${kind}`, details);
}

function refusal(reason: Term): BeamError {
  if (reason === noconnection) return new BeamError('noconnection', 'the node is not connected');
  if (isAtom(reason, 'notsup')) return new BeamError('not_supported', 'the node does not allow that');
  if (isAtom(reason, 'timeout')) return new BeamError('timeout', 'the node gave up waiting');
  return new BeamError('exit', 'no process was made', { reason });
}

const link = atom('link');
const monitor = atom('monitor');
const noconnection = atom('noconnection');
const exitLabel = atom('EXIT');
