import {
  atom,
  binary,
  checkTerm,
  decodeErpcRequest,
  type ErpcOutcome,
  encodeErpcOutcome,
  type FunctionCall,
  isAtom,
  isTagged,
  type SpawnRequestSignal,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import { textOfThrown } from './beam-error.js';
import type { BeamProcess } from './beam-process.js';
import { type ProcessTable, refusedSpawn } from './process-table.js';

/** A function that other nodes may run with `erpc:call`, `rpc:call` and their relatives. */
export type ExposedFunction = (...args: Term[]) => Term | Promise<Term>;

/**
 * The functions that a program lets other nodes run: none but these. `spawn_request` of `erpc:execute_call/4`, `execute_call/3` and
 * `execute_cast/3` runs them; every other spawn is refused with `notsup`.
 */
export class ExposedFunctions {
  readonly #table: ProcessTable;
  readonly #modules = new Map<string, Readonly<Record<string, ExposedFunction>>>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /** Lets other nodes run these functions as `module:name(…)`; takes the place of what the module had. */
  expose(module: string, functions: Readonly<Record<string, ExposedFunction>>): void {
    this.#modules.set(module, functions);
  }

  /** Another node asks for a process. */
  handleRequest(request: SpawnRequestSignal): void {
    const { requestId, from, options } = request;
    const work = this.#workOf(request);
    if (work === undefined) {
      this.#table.route(from.node, refusedSpawn(request, notsup));
      return;
    }
    const isLinked = options.some((option) => isAtom(option, 'link') || isTagged(option, 'link'));
    const isMonitored = options.some((option) => isAtom(option, 'monitor') || isTagged(option, 'monitor'));
    const process = this.#table.spawn({});
    if (isLinked) process.adoptLink(from);
    if (isMonitored) process.handleSignal({ kind: 'monitor', from, to: process.pid, reference: requestId });
    const reply = { kind: 'spawn_reply', requestId, to: from, isLinked, isMonitored } as const;
    this.#table.route(from.node, { ...reply, result: process.pid });
    work(process);
  }

  #workOf(request: SpawnRequestSignal): ((process: BeamProcess) => void) | undefined {
    const asked = decodeErpcRequest(request);
    if (asked === undefined) return undefined;
    const { call } = asked;
    const end = (process: BeamProcess, outcome: ErpcOutcome) =>
      process.exit(asked.kind === 'call' ? encodeErpcOutcome(asked.result, outcome) : normal);
    return async (process) => {
      const run = this.#find(call);
      if (run === undefined) return end(process, failed(call, undef));
      try {
        const value = await run(...call.args);
        checkTerm(value);
        end(process, { kind: 'returned', value });
      } catch (thrown) {
        const text = textOfThrown(thrown);
        end(process, failed(call, tuple(atom('js_error'), binary(text))));
      }
    };
  }

  #find({ module, functionName: name }: FunctionCall): ExposedFunction | undefined {
    const functions = this.#modules.get(module.name);
    return functions !== undefined && Object.hasOwn(functions, name.name) ? functions[name.name] : undefined;
  }
}

/** With the stack trace that Erlang has for a function that is not there: `[{Module, Function, Arguments, []}]`. */
function failed({ module, functionName, args }: FunctionCall, reason: Term): ErpcOutcome {
  return { kind: 'failed', reason, stacktrace: [tuple(module, functionName, args, [])] };
}

const notsup = atom('notsup');
const normal = atom('normal');
const undef = atom('undef');
