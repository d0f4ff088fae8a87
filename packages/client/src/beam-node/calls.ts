import {
  type Atom,
  atom,
  ImproperList,
  isKind,
  isTuple,
  type Pid,
  type Reference,
  type Term,
  termEquals,
  tuple,
} from '@macula/dist-protocol';
import { type ProcessAddress, resolveDestination } from './addresses.js';
import { BeamError } from './beam-error.js';
import type { BeamProcess } from './beam-process.js';
import { type Patience, waitFor } from './patience.js';
import type { ProcessTable } from './process-table.js';

/**
 * A call as `gen:call/4` makes it, so that a `gen_server`, `gen_statem` or anything else that answers `'$gen_call'` does: the
 * process is watched, and the watch's reference is an alias that takes the answer. A late answer is dropped.
 *
 * ```text
 * {'$gen_call', {Self, [alias | Ref]}, Request}   →   {[alias | Ref], Reply}
 * ```
 *
 * @param patience default 5,000 ms, as `gen_server:call/2`
 * @throws {BeamError} `timeout`, `aborted`, `noproc`, `noconnection`, `exit`
 */
export function callProcess(
  { table, caller, label = genCall }: { table: ProcessTable; caller: BeamProcess; label?: Term },
  address: ProcessAddress,
  request: Term,
  patience: Patience,
): Promise<Term> {
  const to = resolveDestination(address, caller.pid.node);
  const { timeoutMs = 5_000, signal } = patience;
  let end = () => {};
  return waitFor<Term>(
    signal === undefined ? { timeoutMs } : { timeoutMs, signal },
    'no answer',
    (resolve, reject) => {
      const reference = caller.monitor(address, (reason) => {
        end();
        reject(endOf(reason));
      });
      end = () => {
        table.removeAlias(reference);
        caller.demonitor(reference);
      };
      table.addAlias(reference, (message) => {
        if (!isTuple(message, 2)) return;
        end();
        resolve(message.elements[1] as Term);
      });
      const tag = new ImproperList([alias], reference);
      table.send(caller.pid, to, tuple(label, tuple(caller.pid, tag), request));
    },
    { abandon: () => end(), waiter: caller },
  );
}

/**
 * Takes an answer that was sent to the caller itself instead of its alias, as `net_kernel` does it.
 *
 * @returns whether the message was one
 */
export function takeDirectAnswer(table: ProcessTable, message: Term): boolean {
  const alias = isTuple(message, 2) ? aliasOf(message.elements[0] as Term) : undefined;
  return alias !== undefined && table.deliverToAlias(alias, message);
}

/** Who has made a call, and where its answer goes. */
export interface CallSource {
  /** The process that has called. */
  readonly pid: Pid;
  /** What the answer carries, so that the caller knows it. */
  readonly tag: Term;
}

/** The parts of a `'$gen_call'`, or of a message of another label, such as `system`; undefined for another message. */
export function readCall(
  message: Term,
  label: Term = genCall,
): { readonly from: CallSource; readonly request: Term } | undefined {
  if (!isTuple(message, 3) || message.elements[0] !== label) return undefined;
  const [, from, request] = message.elements;
  if (!isTuple(from, 2) || request === undefined) return undefined;
  const [pid, tag] = from.elements;
  return isKind(pid, 'pid') && tag !== undefined ? { from: { pid, tag }, request } : undefined;
}

/** Answers a call, as `gen:reply/2`: to the alias in the tag where there is one. */
export function replyTo(process: BeamProcess, from: CallSource, reply: Term): void {
  process.send(aliasOf(from.tag) ?? from.pid, tuple(from.tag, reply));
}

/** The alias of a call's tag, which is its caller's monitor of the called process at the same time. */
export function aliasOf(tag: Term): Extract<Term, { kind: 'reference' }> | undefined {
  if (!isKind(tag, 'improper_list')) return undefined;
  // [alias | Ref], or [[alias | Ref] | Label] of a request collection.
  const [first] = tag.elements;
  if (first === alias && isKind(tag.tail, 'reference')) return tag.tail;
  return isKind(first, 'improper_list') ? aliasOf(first) : undefined;
}

/**
 * The watch that a caller waits with, of those that it has on this process: if that ends, so does the call.
 *
 * ```text
 * [alias | Watch]               gen_server:call and gen_server:send_request
 * [[alias | Watch] | Label]     gen_server:send_request in a collection
 * [[alias | Alias] | Watch]     gen_server:multi_call
 * {Ref, ThisNode}               gen_server:multi_call of OTP 25, which waits for nothing else and doesn't tell its watch: it is the last
 * Watch                         before OTP 24
 * ```
 *
 * @param watches the caller's, in the order in which they came
 */
export function watchOf(
  { tag }: CallSource,
  watches: readonly Reference[],
  self: Atom,
): Reference | undefined {
  const named = [tag, ...(isKind(tag, 'improper_list') ? [aliasOf(tag), tag.tail] : [])];
  const isOf25 = isTuple(tag, 2) && isKind(tag.elements[0] as Term, 'reference') && tag.elements[1] === self;
  return (
    watches.find((watch) => named.some((one) => one !== undefined && termEquals(one, watch))) ??
    (isOf25 ? watches.at(-1) : undefined)
  );
}

function endOf(reason: Term): BeamError {
  if (reason === noproc) return new BeamError('noproc', 'there is no such process');
  if (reason === noconnection) return new BeamError('noconnection', 'the node is not connected');
  return new BeamError('exit', 'the process ended before it answered', { reason });
}

const genCall = atom('$gen_call');
const alias = atom('alias');
const noproc = atom('noproc');
const noconnection = atom('noconnection');
