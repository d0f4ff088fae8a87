import { atom, binary, isTagged, isTuple, type Term, tuple } from '@macula/dist-protocol';
import { textOfThrown } from './beam-error.js';
import type { BeamProcess, ProcessOptions } from './beam-process.js';
import { type CallSource, readCall, replyTo, watchOf } from './calls.js';

/**
 * A server that Erlang reaches with `gen_server:call` and `gen_server:cast`. `gen_server:stop` ends it; what else `sys` asks for
 * (`sys:get_state`, …) is refused.
 */
export interface GenericServer
  extends Pick<ProcessOptions, 'name' | 'trapExit' | 'messagesMax' | 'onExit' | 'onError'> {
  /**
   * Answers a call: with what it returns, or its promise is fulfilled with; several calls are worked on at one time where it returns
   * promises. {@link noReply} leaves the call unanswered, for `reply` later. When it throws, the caller's call exits with
   * `{js_error, <<"message">>}`, and the server goes on.
   */
  readonly handleCall?: (
    request: Term,
    from: CallSource,
    process: BeamProcess,
  ) => Term | Promise<Term> | typeof noReply;
  /** Takes a cast. */
  readonly handleCast?: (request: Term, process: BeamProcess) => unknown;
  /** Takes every other message. Default: it is dropped. */
  readonly handleInfo?: (message: Term, process: BeamProcess) => unknown;
}

/** What `handleCall` returns for a call that is answered later with `reply`. */
export const noReply: unique symbol = Symbol('no reply');

/** The options of a process that is this server. */
export function serverProcess(server: GenericServer): ProcessOptions {
  const { handleCall, handleCast, handleInfo, ...options } = server;
  return {
    ...options,
    onMessage(message, process) {
      const call = readCall(message);
      if (call !== undefined) return answerCall(server, call.from, call.request, process);
      if (isTuple(message, 2) && message.elements[0] === genCast)
        return handleCast?.(message.elements[1] as Term, process);
      const order = readCall(message, system);
      if (order !== undefined) return answerSystem(order.from, order.request, process);
      return handleInfo?.(message, process);
    },
  };
}

/** Not waited for: one slow answer keeps no other call waiting. */
function answerCall(server: GenericServer, from: CallSource, request: Term, process: BeamProcess): void {
  const fail = (error: unknown) => {
    const text = textOfThrown(error);
    failCall(process, from, tuple(atom('js_error'), binary(text)));
    server.onError?.(error);
  };
  const answer = (reply: Term | typeof noReply) => {
    if (reply === noReply || !process.isAlive) return;
    try {
      replyTo(process, from, reply);
    } catch (error) {
      fail(error);
    }
  };
  if (server.handleCall === undefined) {
    failCall(process, from, atom('undef'));
    return;
  }
  try {
    const reply = server.handleCall(request, from, process);
    if (reply instanceof Promise) reply.then(answer, fail);
    else answer(reply);
  } catch (error) {
    fail(error);
  }
}

/** `sys` of stdlib: `gen_server:stop` ends the server, everything else is refused, as an order is that `sys` doesn't know. */
function answerSystem(from: CallSource, order: Term, process: BeamProcess): void {
  const reason = isTagged(order, 'terminate', 2) ? order.elements[1] : undefined;
  const ends = reason !== undefined && !process.isPartOfNode;
  replyTo(process, from, ends ? atom('ok') : tuple(atom('error'), tuple(atom('unknown_system_msg'), order)));
  if (ends) process.exit(reason);
}

/** The caller watches this process: to it alone this process "ends". */
function failCall(process: BeamProcess, from: CallSource, reason: Term): void {
  const watch = watchOf(from, process.watchesOf(from.pid), process.pid.node);
  if (watch !== undefined) process.failWatcher(watch, reason);
}

const genCast = atom('$gen_cast');
const system = atom('system');
