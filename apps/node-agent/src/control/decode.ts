import {
  decodeTerm,
  isAtom,
  isBinary,
  isMap,
  isTuple,
  mapGet,
  type Term,
  TermMap,
  textOf,
} from '@macula/dist-protocol';
import {
  controlDepthMax,
  controlElementsMax,
  controlIntegerBytesMax,
  keyBytes,
  socketPathBytesMax,
  tokenBytes,
  tunnelIdBytes,
} from '../limits.js';
import { ControlError } from './control-error.js';
import type { BeamMessage, ErlangInteger, LocalAddress } from './messages.js';

/**
 * Reads the body of one control frame. Nothing of the result refers to `body`.
 * @throws ControlError `bad_term` or `bad_message`
 */
export function decodeBeamMessage(body: Uint8Array): BeamMessage {
  const term = decodeBody(body);
  if (!isTuple(term)) throw bad('a message must be a tuple');
  const [tag, ...fields] = term.elements;
  if (!isAtom(tag)) throw bad('the first element of a message must be an atom');
  if (!Object.hasOwn(parsers, tag.name)) return { kind: 'unknown', tag: tag.name };
  const { arity, parse } = parsers[tag.name as KnownTag];
  if (fields.length + 1 !== arity)
    throw bad(`${tag.name} must have ${arity} elements, not ${fields.length + 1}`);
  return parse(fields);
}

function decodeBody(body: Uint8Array): Term {
  try {
    return decodeTerm(body, {
      depthMax: controlDepthMax,
      elementsMax: controlElementsMax,
      integerBytesMax: controlIntegerBytesMax,
    });
  } catch (cause) {
    throw ControlError.from(cause, 'bad_term');
  }
}

type KnownTag = Exclude<BeamMessage['kind'], 'unknown'>;

interface Parser {
  /** Elements of the tuple with its tag. */
  readonly arity: number;
  readonly parse: (fields: readonly Term[]) => BeamMessage;
}

const parsers: Readonly<Record<KnownTag, Parser>> = {
  hello: {
    arity: 2,
    parse: ([options]) => {
      const map = mapField(options, 'hello');
      return {
        kind: 'hello',
        protocol: count(map, 'protocol'),
        appVersion: text(map, 'app_version'),
        otpRelease: text(map, 'otp_release'),
        netTicktime: count(map, 'net_ticktime'),
        osPid: text(map, 'os_pid'),
      };
    },
  },
  listening: {
    arity: 2,
    parse: ([options]) => {
      const map = mapField(options, 'listening');
      return { kind: 'listening', node: text(map, 'node'), address: address(mapGet(map, 'address')) };
    },
  },
  not_listening: { arity: 1, parse: () => ({ kind: 'not_listening' }) },
  ping: { arity: 2, parse: ([number]) => ({ kind: 'ping', number: integer(number, 'ping') }) },
  join: {
    arity: 3,
    parse: ([ref, options]) => ({
      kind: 'join',
      ref: integer(ref, 'Ref'),
      options: detached(mapField(options, 'join')),
    }),
  },
  leave: { arity: 2, parse: ([ref]) => ({ kind: 'leave', ref: integer(ref, 'Ref') }) },
  status: { arity: 2, parse: ([ref]) => ({ kind: 'status', ref: integer(ref, 'Ref') }) },
  connect: {
    arity: 3,
    parse: ([id, options]) => {
      const map = mapField(options, 'connect');
      return {
        kind: 'connect',
        id: integer(id, 'Id'),
        node: text(map, 'node'),
        self: text(map, 'self'),
        token: bytes(mapGet(map, 'token'), { what: 'token', length: tokenBytes }),
        key: bytes(mapGet(map, 'key'), { what: 'key', length: keyBytes }),
      };
    },
  },
  accept: {
    arity: 3,
    parse: ([id, options]) => {
      const map = mapField(options, 'accept');
      return {
        kind: 'accept',
        id: integer(id, 'Id'),
        token: bytes(mapGet(map, 'token'), { what: 'token', length: tokenBytes }),
        key: bytes(mapGet(map, 'key'), { what: 'key', length: keyBytes }),
      };
    },
  },
  refuse: {
    arity: 3,
    parse: ([id, reason]) => {
      if (!isAtom(reason)) throw bad('the reason of refuse must be an atom');
      return { kind: 'refuse', id: integer(id, 'Id'), reason: reason.name };
    },
  },
  closed: {
    arity: 2,
    parse: ([id]) => ({
      kind: 'closed',
      tunnelId: bytes(id, { what: 'tunnel id', length: tunnelIdBytes }),
    }),
  },
};

function address(term: Term | undefined): LocalAddress {
  if (!isTuple(term, 2)) throw bad('an address must be {local, Path} or {tcp, Port}');
  const [family, where] = term.elements;
  if (isAtom(family, 'local')) {
    const path = isBinary(where) ? textOf(where) : undefined;
    if (path === undefined || !path.startsWith('/') || path.includes('\0'))
      throw bad('the path of an address must be an absolute path');
    if (Buffer.byteLength(path) > socketPathBytesMax)
      throw bad(`the path of an address must not be longer than ${socketPathBytesMax} bytes`);
    return { kind: 'local', path };
  }
  if (isAtom(family, 'tcp')) {
    if (typeof where !== 'number' || where < 1 || where > 65_535) throw bad('the port must be 1 to 65535');
    return { kind: 'tcp', port: where };
  }
  throw bad('an address must be {local, Path} or {tcp, Port}');
}

function mapField(term: Term | undefined, what: string): TermMap {
  if (!isMap(term)) throw bad(`${what} must carry a map`);
  return term;
}

function integer(term: Term | undefined, what: string): ErlangInteger {
  if (typeof term !== 'number' && typeof term !== 'bigint') throw bad(`${what} must be an integer`);
  return term;
}

function count(map: TermMap, name: string): number {
  const term = mapGet(map, name);
  if (typeof term !== 'number' || term < 0) throw bad(`${name} must be an integer that is not negative`);
  return term;
}

function text(map: TermMap, name: string): string {
  const term = mapGet(map, name);
  const result = isBinary(term) ? textOf(term) : undefined;
  if (result === undefined) throw bad(`${name} must be a binary with UTF-8 text`);
  return result;
}

function bytes(term: Term | undefined, { what, length }: { what: string; length: number }): Uint8Array {
  if (!isBinary(term) || term.length !== length) throw bad(`${what} must be a binary of ${length} bytes`);
  return Uint8Array.from(term);
}

/** A copy that no longer refers to the frame, which is wiped; join options hold no binaries below a list. */
function detached(map: TermMap): TermMap {
  const copy = (term: Term): Term => {
    if (isBinary(term)) return Uint8Array.from(term);
    return Array.isArray(term) ? (term as readonly Term[]).map(copy) : term;
  };
  return new TermMap([...map].map(([key, value]) => [key, copy(value)] as const));
}

function bad(why: string): ControlError {
  return new ControlError('bad_message', why);
}
