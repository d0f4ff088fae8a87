import {
  type Atom,
  atom,
  binary,
  checkTerm,
  isAtom,
  isKind,
  isTagged,
  type SpawnRequestSignal,
  type Term,
  tuple,
} from '@macula/dist-protocol';
import type { BeamProcess } from './beam-process.js';
import type { ProcessTable } from './process-table.js';

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
    const reply = (result: Term, flags: { isLinked: boolean; isMonitored: boolean }) => {
      if (!isKind(result, 'pid') && !isAtom(result)) return;
      this.#table.route(from.node, { kind: 'spawn_reply', requestId, to: from, result, ...flags });
    };
    const work = this.#workOf(request);
    if (work === undefined) {
      reply(notsup, { isLinked: false, isMonitored: false });
      return;
    }
    const isLinked = options.some((option) => isAtom(option, 'link') || isTagged(option, 'link'));
    const isMonitored = options.some((option) => isAtom(option, 'monitor') || isTagged(option, 'monitor'));
    const process = this.#table.spawn({});
    if (isLinked) process.adoptLink(from);
    if (isMonitored) process.handleSignal({ kind: 'monitor', from, to: process.pid, reference: requestId });
    reply(process.pid, { isLinked, isMonitored });
    work(process);
  }

  #workOf({ module, functionName, args }: SpawnRequestSignal): ((process: BeamProcess) => void) | undefined {
    if (!isAtom(module, 'erpc') || !isAtom(functionName)) return undefined;
    if (functionName.name === 'execute_call' && args.length === 4) return this.#call(args as Call);
    if (functionName.name === 'execute_cast' && args.length === 3) {
      const [targetModule, targetFunction, targetArgs] = args as [Term, Term, Term];
      return this.#call([atom('cast'), targetModule, targetFunction, targetArgs]);
    }
    return undefined;
  }

  #call([result, module, name, args]: Call): ((process: BeamProcess) => void) | undefined {
    if (!isAtom(module) || !isAtom(name) || !Array.isArray(args)) return undefined;
    const run = this.#find(module, name);
    return async (process) => {
      if (run === undefined) return process.exit(tuple(result, error, undef, stack(module, name, args)));
      try {
        const value = await run(...(args as Term[]));
        checkTerm(value);
        process.exit(tuple(result, returned, value));
      } catch (thrown) {
        const text = thrown instanceof Error ? thrown.message : String(thrown);
        const reason = tuple(atom('js_error'), binary(text));
        process.exit(tuple(result, error, reason, stack(module, name, args)));
      }
    };
  }

  #find(module: Atom, name: Atom): ExposedFunction | undefined {
    const functions = this.#modules.get(module.name);
    return functions !== undefined && Object.hasOwn(functions, name.name) ? functions[name.name] : undefined;
  }
}

type Call = readonly [result: Term, module: Term, name: Term, args: Term];

/** As Erlang has it for a function that is not there: `[{Module, Function, Arguments, []}]`. */
function stack(module: Term, name: Term, args: Term): Term {
  return [tuple(module, name, args, [])];
}

const notsup = atom('notsup');
const error = atom('error');
const returned = atom('return');
const undef = atom('undef');
