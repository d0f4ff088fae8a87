import { atom, isAtom, isKind, isTuple, type Pid, type Term, textOf, tuple } from '@macula/dist-protocol';
import type { BeamProcess, ProcessOptions } from './beam-process.js';

/**
 * Answers the Erlang I/O protocol for functions that this node runs elsewhere: what they print goes to `onOutput`, and what they want
 * to read is at its end. Without it `io:format` in such a function would wait for ever.
 *
 * @param format runs a formatting function such as `io_lib:format/2` at the node that prints
 */
export function groupLeaderProcess(
  onOutput: (text: string, from: Pid) => void,
  format: (
    node: string,
    what: { module: string; functionName: string; args: readonly Term[] },
  ) => Promise<Term>,
): ProcessOptions {
  return {
    onMessage(message, process) {
      if (!isTuple(message, 4) || !isAtom(message.elements[0], 'io_request')) return;
      const [, from, replyAs, request] = message.elements as [Term, Term, Term, Term];
      if (isKind(from, 'pid')) answer(request, from).then((reply) => respond(process, from, replyAs, reply));
    },
  };

  async function answer(request: Term, from: Pid): Promise<Term> {
    if (!isTuple(request)) return enotsup;
    const [kind, ...rest] = request.elements;
    if (isAtom(kind, 'put_chars'))
      return print(rest.length === 2 || rest.length === 4 ? rest.slice(1) : rest, from);
    if (isAtom(kind, 'requests') && Array.isArray(rest[0])) {
      let reply: Term = ok;
      for (const one of rest[0] as Term[]) reply = await answer(one, from);
      return reply;
    }
    return isAtom(kind, 'get_line') || isAtom(kind, 'get_chars') || isAtom(kind, 'get_until') ? eof : enotsup;
  }

  /** `[Characters]`, or `[Module, Function, Arguments]` that makes them. */
  async function print(what: readonly Term[], from: Pid): Promise<Term> {
    try {
      const [module, functionName, args] = what;
      const characters =
        isAtom(module) && isAtom(functionName) && Array.isArray(args)
          ? await format(from.node.name, { module: module.name, functionName: functionName.name, args })
          : what[0];
      onOutput(charactersOf(characters), from);
      return ok;
    } catch {
      return tuple(atom('error'), atom('put_chars'));
    }
  }
}

function respond(process: BeamProcess, to: Pid, replyAs: Term, reply: Term): void {
  if (process.isAlive) process.send(to, tuple(atom('io_reply'), replyAs, reply));
}

/** The text of `unicode:chardata()`: nested lists of code points and UTF-8 binaries. */
function charactersOf(data: Term | undefined): string {
  if (data instanceof Uint8Array) return textOf(data) ?? Buffer.from(data).toString('latin1');
  if (typeof data === 'number') return String.fromCodePoint(data);
  if (Array.isArray(data)) return (data as Term[]).map(charactersOf).join('');
  if (isKind(data, 'improper_list'))
    return data.elements.map(charactersOf).join('') + charactersOf(data.tail);
  return '';
}

const ok = atom('ok');
const eof = atom('eof');
const enotsup = tuple(atom('error'), atom('enotsup'));
