import { isAtom, isTuple } from '../etf/accessors.js';
import { type Atom, atom } from '../etf/atom.js';
import type { Reference } from '../etf/identifiers.js';
import { type Term, tuple } from '../etf/term.js';
import { isList, termEquals } from '../etf/term-key.js';

/** A function with its arguments. */
export interface FunctionCall {
  readonly module: Atom;
  readonly functionName: Atom;
  readonly args: readonly Term[];
}

/**
 * What `erpc` asks another node to run. A call is a monitored process (`spawn_request` with `monitor`) whose exit reason is the answer.
 *
 * ```text
 * erpc:execute_call(Result, Module, Function, Args)      Result is a reference that the answer begins with
 * erpc:execute_cast(Module, Function, Args)
 * ```
 */
export type ErpcRequest =
  | { readonly kind: 'call'; readonly result: Term; readonly call: FunctionCall }
  | { readonly kind: 'cast'; readonly call: FunctionCall };

/**
 * How a call went.
 *
 * ```text
 * returned   {Result, return, Value}
 * thrown     {Result, throw, Value}
 * exited     {Result, exit, Reason}
 * failed     {Result, error, Reason, Stacktrace}
 * refused    {Result, error, {erpc, Reason}}     the call itself can't be, e.g. badarg, system_limit
 * ended      any other reason: the process was ended from outside
 * ```
 */
export type ErpcOutcome =
  | { readonly kind: 'returned'; readonly value: Term }
  | { readonly kind: 'thrown'; readonly value: Term }
  | { readonly kind: 'exited'; readonly reason: Term }
  | { readonly kind: 'failed'; readonly reason: Term; readonly stacktrace: Term }
  | { readonly kind: 'refused'; readonly reason: Term }
  | { readonly kind: 'ended'; readonly reason: Term };

/** The function that a `spawn_request` must name. Source: `erpc` of kernel in OTP 25 to 29. */
export function encodeErpcRequest(request: ErpcRequest): FunctionCall {
  const { module, functionName, args } = request.call;
  return request.kind === 'call'
    ? { module: erpc, functionName: executeCall, args: [request.result, module, functionName, args] }
    : { module: erpc, functionName: executeCast, args: [module, functionName, args] };
}

/** What a `spawn_request` asks for, or undefined when it is not one of `erpc`. */
export function decodeErpcRequest({ module, functionName, args }: FunctionCall): ErpcRequest | undefined {
  if (module !== erpc) return undefined;
  if (functionName === executeCall && args.length === 4) {
    const call = callOf(args.slice(1));
    return call && { kind: 'call', result: args[0] as Term, call };
  }
  if (functionName !== executeCast || args.length !== 3) return undefined;
  const call = callOf(args);
  return call && { kind: 'cast', call };
}

/** The exit reason that answers a call. */
export function encodeErpcOutcome(result: Term, outcome: ErpcOutcome): Term {
  switch (outcome.kind) {
    case 'returned':
      return tuple(result, returned, outcome.value);
    case 'thrown':
      return tuple(result, thrown, outcome.value);
    case 'exited':
      return tuple(result, exited, outcome.reason);
    case 'failed':
      return tuple(result, error, outcome.reason, outcome.stacktrace);
    case 'refused':
      return tuple(result, error, tuple(erpc, outcome.reason));
    case 'ended':
      return outcome.reason;
  }
}

/** How a call went, by the exit reason of its process. */
export function decodeErpcOutcome(result: Reference, reason: Term): ErpcOutcome {
  const [reference, how, value, stacktrace] = isTuple(reason) ? reason.elements : [];
  if (reference === undefined || value === undefined || !termEquals(reference, result))
    return { kind: 'ended', reason };
  if (how === returned) return { kind: 'returned', value };
  if (how === thrown) return { kind: 'thrown', value };
  if (how === exited) return { kind: 'exited', reason: value };
  if (how !== error) return { kind: 'ended', reason };
  if (stacktrace !== undefined) return { kind: 'failed', reason: value, stacktrace };
  const [who, why] = isTuple(value, 2) ? value.elements : [];
  return who === erpc && why !== undefined ? { kind: 'refused', reason: why } : { kind: 'ended', reason };
}

function callOf([module, functionName, args]: readonly Term[]): FunctionCall | undefined {
  if (!isAtom(module) || !isAtom(functionName) || args === undefined || !isList(args)) return undefined;
  return { module, functionName, args };
}

const erpc = atom('erpc');
const executeCall = atom('execute_call');
const executeCast = atom('execute_cast');
const returned = atom('return');
const thrown = atom('throw');
const exited = atom('exit');
const error = atom('error');
