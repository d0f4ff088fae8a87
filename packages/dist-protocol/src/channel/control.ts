import { isAtom, isKind, isTuple } from '../etf/accessors.js';
import type { Atom } from '../etf/atom.js';
import { atom } from '../etf/atom.js';
import { formatTerm } from '../etf/format.js';
import type { Pid, Reference } from '../etf/identifiers.js';
import { type Term, Tuple } from '../etf/term.js';
import { isList } from '../etf/term-key.js';
import { ChannelError } from './errors.js';
import { Operation } from './operations.js';
import type { PidOrName, Signal } from './signal.js';

/** A control message that was read: {@link complete} makes a signal of it. */
export interface ControlHead {
  /** The signal, but for what the payload is. */
  readonly signal: Signal;
  /** The part of the signal that follows as a term of its own. */
  readonly payload: 'message' | 'reason' | 'args' | undefined;
}

/**
 * Reads a control message.
 *
 * @throws {ChannelError} `malformed_control` for an unknown number, too few parts, or parts of another type
 */
export function decodeControl(term: Term): ControlHead {
  if (!isTuple(term)) throw malformed(term, 'not a tuple');
  const parts = term.elements;
  const operation = parts[0];
  const read = typeof operation === 'number' ? readers[operation] : undefined;
  if (read === undefined) throw malformed(term, 'unknown control message');
  return read(new Parts(term));
}

/** The signal, with the payload put in its place. @throws {ChannelError} `malformed_control` when arguments are no list. */
export function complete(head: ControlHead, payload: Term): Signal {
  if (head.payload === undefined) return head.signal;
  if (head.payload === 'args' && !isList(payload)) throw malformed(payload, 'arguments that are no list');
  // The head was made for this one signal, so filling it in changes nothing that anybody has seen.
  (head.signal as unknown as Record<string, Term>)[head.payload] = payload;
  return head.signal;
}

/** The control message for a signal, and what follows it as a term of its own. */
export function encodeControl(signal: Signal): { readonly control: Tuple; readonly payload?: Term } {
  switch (signal.kind) {
    case 'send':
      return signal.from === undefined
        ? traced(signal, Operation.send, [unused, signal.to], signal.message)
        : traced(signal, Operation.sendSender, [signal.from, signal.to], signal.message);
    case 'send_to_name':
      return traced(signal, Operation.regSend, [signal.from, unused, signal.to], signal.message);
    case 'send_to_alias':
      return traced(signal, Operation.aliasSend, [signal.from, signal.to], signal.message);
    case 'link':
      return { control: new Tuple([Operation.link, signal.from, signal.to]) };
    case 'unlink':
    case 'unlink_ack':
      return { control: unlink(signal) };
    case 'exit':
      return traced(signal, Operation.payloadExit, [signal.from, signal.to], signal.reason);
    case 'exit2':
      return traced(signal, Operation.payloadExit2, [signal.from, signal.to], signal.reason);
    case 'monitor':
      return { control: new Tuple([Operation.monitor, signal.from, signal.to, signal.reference]) };
    case 'demonitor':
      return { control: new Tuple([Operation.demonitor, signal.from, signal.to, signal.reference]) };
    case 'monitor_exit': {
      const parts = [Operation.payloadMonitorExit, signal.from, signal.to, signal.reference];
      return { control: new Tuple(parts), payload: signal.reason };
    }
    case 'group_leader':
      return { control: new Tuple([Operation.groupLeader, signal.from, signal.to]) };
    case 'spawn_request': {
      const mfa = new Tuple([signal.module, signal.functionName, signal.args.length]);
      const parts = [signal.requestId, signal.from, signal.groupLeader, mfa, signal.options];
      return traced(signal, Operation.spawnRequest, parts, signal.args);
    }
    case 'spawn_reply': {
      const flags = (signal.isLinked ? linkFlag : 0) | (signal.isMonitored ? monitorFlag : 0);
      const parts = [signal.requestId, signal.to, flags, signal.result];
      return traced(signal, Operation.spawnReply, parts);
    }
  }
}

function traced(
  { token }: { readonly token?: Term },
  operation: keyof typeof tracedOperations,
  parts: readonly Term[],
  payload?: Term,
): { readonly control: Tuple; readonly payload?: Term } {
  const control =
    token === undefined
      ? new Tuple([operation, ...parts])
      : new Tuple([tracedOperations[operation], ...parts, token]);
  return payload === undefined ? { control } : { control, payload };
}

function unlink({ kind, id, from, to }: Extract<Signal, { kind: 'unlink' | 'unlink_ack' }>): Tuple {
  if (kind === 'unlink_ack') return new Tuple([Operation.unlinkIdAck, id, from, to]);
  return id === 0n ? new Tuple([Operation.unlink, from, to]) : new Tuple([Operation.unlinkId, id, from, to]);
}

/** Reads the parts of one control message in order, each as what it must be. */
class Parts {
  readonly #term: Tuple;
  #at = 1;

  constructor(term: Tuple) {
    this.#term = term;
  }

  any(): Term {
    const part = this.#term.elements[this.#at++];
    if (part === undefined) throw malformed(this.#term, 'too few parts');
    return part;
  }

  pid(): Pid {
    const part = this.any();
    if (!isKind(part, 'pid')) throw malformed(this.#term, `part ${this.#at} is no pid`);
    return part;
  }

  name(): Atom {
    const part = this.any();
    if (!isAtom(part)) throw malformed(this.#term, `part ${this.#at} is no atom`);
    return part;
  }

  pidOrName(): PidOrName {
    const part = this.any();
    if (!isKind(part, 'pid') && !isAtom(part)) throw malformed(this.#term, `part ${this.#at} is no process`);
    return part;
  }

  reference(): Reference {
    const part = this.any();
    if (!isKind(part, 'reference')) throw malformed(this.#term, `part ${this.#at} is no reference`);
    return part;
  }

  list(): readonly Term[] {
    const part = this.any();
    if (!isList(part)) throw malformed(this.#term, `part ${this.#at} is no list`);
    return part;
  }

  integer(): bigint {
    const part = this.any();
    if (typeof part !== 'number' && typeof part !== 'bigint')
      throw malformed(this.#term, `part ${this.#at} is no integer`);
    return BigInt(part);
  }

  /** Parts beyond those that are known are let pass: a later release may add some, as OTP itself lets them. */
  token(): { readonly token?: Term } {
    return { token: this.any() };
  }
}

type Read = (parts: Parts) => ControlHead;

const send =
  (traces: boolean): Read =>
  (parts) => {
    parts.any();
    return withMessage({
      kind: 'send',
      from: undefined,
      to: parts.pid(),
      message: later,
      ...tokenIf(traces, parts),
    });
  };
const sendSender =
  (traces: boolean): Read =>
  (parts) =>
    withMessage({
      kind: 'send',
      from: parts.pid(),
      to: parts.pid(),
      message: later,
      ...tokenIf(traces, parts),
    });
const sendToName =
  (traces: boolean): Read =>
  (parts) => {
    const from = parts.pid();
    parts.any();
    const to = parts.name();
    return withMessage({ kind: 'send_to_name', from, to, message: later, ...tokenIf(traces, parts) });
  };
const sendToAlias =
  (traces: boolean): Read =>
  (parts) => {
    const from = parts.pid();
    const to = parts.reference();
    return withMessage({ kind: 'send_to_alias', from, to, message: later, ...tokenIf(traces, parts) });
  };
/** The forms without payload have the token before the reason. */
const exit =
  (kind: 'exit' | 'exit2', traces: boolean): Read =>
  (parts) => {
    const from = parts.pid();
    const to = parts.pid();
    const token = tokenIf(traces, parts);
    return whole({ kind, from, to, reason: parts.any(), ...token });
  };
const payloadExit =
  (kind: 'exit' | 'exit2', traces: boolean): Read =>
  (parts) => {
    const from = parts.pid();
    const to = parts.pid();
    return { signal: { kind, from, to, reason: later, ...tokenIf(traces, parts) }, payload: 'reason' };
  };
const monitor =
  (kind: 'monitor' | 'demonitor'): Read =>
  (parts) =>
    whole({ kind, from: parts.pid(), to: parts.pidOrName(), reference: parts.reference() });
const spawnRequest =
  (traces: boolean): Read =>
  (parts) => {
    const requestId = parts.reference();
    const from = parts.pid();
    const groupLeader = parts.pid();
    const mfa = parts.any();
    const [module, functionName] = isTuple(mfa, 3) ? mfa.elements : [];
    if (!isAtom(module) || !isAtom(functionName)) throw malformed(mfa, 'no {Module, Function, Arity}');
    const options = parts.list();
    const head = { requestId, from, groupLeader, module, functionName, options, args: [] };
    return { signal: { kind: 'spawn_request', ...head, ...tokenIf(traces, parts) }, payload: 'args' };
  };
const spawnReply =
  (traces: boolean): Read =>
  (parts) => {
    const requestId = parts.reference();
    const to = parts.pid();
    const flags = Number(parts.integer());
    const isLinked = (flags & linkFlag) !== 0;
    const isMonitored = (flags & monitorFlag) !== 0;
    const result = parts.pidOrName();
    return whole({
      kind: 'spawn_reply',
      requestId,
      to,
      isLinked,
      isMonitored,
      result,
      ...tokenIf(traces, parts),
    });
  };

/** `{37, Flags, From, To}`, with a token behind it where the flags say so. */
const altact: Read = (parts) => {
  const flags = Number(parts.integer());
  const has = (flag: number) => (flags & flag) !== 0;
  const from = parts.pid();
  const token = () => tokenIf(has(altactFlag.token), parts);
  if (has(altactFlag.alias))
    return withMessage({ kind: 'send_to_alias', from, to: parts.reference(), message: later, ...token() });
  if (has(altactFlag.name))
    return withMessage({ kind: 'send_to_name', from, to: parts.name(), message: later, ...token() });
  const to = parts.pid();
  if (has(altactFlag.exit))
    return { signal: { kind: 'exit2', from, to, reason: later, ...token() }, payload: 'reason' };
  return withMessage({ kind: 'send', from, to, message: later, ...token() });
};

const readers: Readonly<Record<number, Read>> = {
  [Operation.link]: (parts) => whole({ kind: 'link', from: parts.pid(), to: parts.pid() }),
  [Operation.send]: send(false),
  [Operation.exit]: exit('exit', false),
  [Operation.unlink]: (parts) => whole({ kind: 'unlink', id: 0n, from: parts.pid(), to: parts.pid() }),
  [Operation.regSend]: sendToName(false),
  [Operation.groupLeader]: (parts) => whole({ kind: 'group_leader', from: parts.pid(), to: parts.pid() }),
  [Operation.exit2]: exit('exit2', false),
  [Operation.sendTraced]: send(true),
  [Operation.exitTraced]: exit('exit', true),
  [Operation.regSendTraced]: sendToName(true),
  [Operation.exit2Traced]: exit('exit2', true),
  [Operation.monitor]: monitor('monitor'),
  [Operation.demonitor]: monitor('demonitor'),
  [Operation.monitorExit]: (parts) =>
    whole({
      kind: 'monitor_exit',
      from: parts.pidOrName(),
      to: parts.pid(),
      reference: parts.reference(),
      reason: parts.any(),
    }),
  [Operation.sendSender]: sendSender(false),
  [Operation.sendSenderTraced]: sendSender(true),
  [Operation.payloadExit]: payloadExit('exit', false),
  [Operation.payloadExitTraced]: payloadExit('exit', true),
  [Operation.payloadExit2]: payloadExit('exit2', false),
  [Operation.payloadExit2Traced]: payloadExit('exit2', true),
  [Operation.payloadMonitorExit]: (parts) => ({
    signal: {
      kind: 'monitor_exit',
      from: parts.pidOrName(),
      to: parts.pid(),
      reference: parts.reference(),
      reason: later,
    },
    payload: 'reason',
  }),
  [Operation.spawnRequest]: spawnRequest(false),
  [Operation.spawnRequestTraced]: spawnRequest(true),
  [Operation.spawnReply]: spawnReply(false),
  [Operation.spawnReplyTraced]: spawnReply(true),
  [Operation.aliasSend]: sendToAlias(false),
  [Operation.aliasSendTraced]: sendToAlias(true),
  [Operation.unlinkId]: (parts) =>
    whole({ kind: 'unlink', id: parts.integer(), from: parts.pid(), to: parts.pid() }),
  [Operation.altactSend]: altact,
  [Operation.unlinkIdAck]: (parts) =>
    whole({ kind: 'unlink_ack', id: parts.integer(), from: parts.pid(), to: parts.pid() }),
};

function withMessage(signal: Signal): ControlHead {
  return { signal, payload: 'message' };
}

function whole(signal: Signal): ControlHead {
  return { signal, payload: undefined };
}

function tokenIf(traces: boolean, parts: Parts): { readonly token?: Term } {
  return traces ? parts.token() : noToken;
}

function malformed(term: Term, what: string): ChannelError {
  return new ChannelError('malformed_control', `${what}: ${formatTerm(term, { charactersMax: 200 })}`);
}

const tracedOperations = {
  [Operation.send]: Operation.sendTraced,
  [Operation.sendSender]: Operation.sendSenderTraced,
  [Operation.regSend]: Operation.regSendTraced,
  [Operation.aliasSend]: Operation.aliasSendTraced,
  [Operation.payloadExit]: Operation.payloadExitTraced,
  [Operation.payloadExit2]: Operation.payloadExit2Traced,
  [Operation.spawnRequest]: Operation.spawnRequestTraced,
  [Operation.spawnReply]: Operation.spawnReplyTraced,
} as const;

/** Flags of `ALTACT_SIG_SEND` in `dist.h`; 1 is priority, which changes nothing here. */
const altactFlag = { token: 2, alias: 4, name: 8, exit: 16 };
const noToken = {};
const linkFlag = 1;
const monitorFlag = 2;
/** What OTP puts where once a cookie stood. */
const unused = atom('');
/** Stands in a head until the payload takes its place. */
const later: Term = unused;
