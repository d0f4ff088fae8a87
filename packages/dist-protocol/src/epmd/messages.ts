import { EpmdError } from './errors.js';

/**
 * What a node says to the Erlang Port Mapper Daemon: one request for each TCP connection, which is closed by
 * EPMD behind its answer, except for a registration, which lasts as long as its connection.
 *
 * ```text
 * request          length:2 body
 * ALIVE2_REQ       120 port:2 type:1 protocol:1 highest:2 lowest:2 n:2 name:n n:2 extra:n
 * ALIVE2_X_RESP    118 result:1 creation:4        ALIVE2_RESP  121 result:1 creation:2
 * PORT_PLEASE2_REQ 122 name
 * PORT2_RESP       119 result:1, and with result 0: port:2 type:1 protocol:1 highest:2 lowest:2 n:2 name:n n:2 extra:n
 * NAMES_REQ        110                            answer: port:4 text, "name NAME at port PORT\n" for each node
 * ```
 *
 * Names are without `@host`. Source: ERTS User's Guide, "EPMD Protocol".
 */
export type EpmdRequest =
  | {
      /** Register a node; it is registered as long as this connection lasts. */
      readonly kind: 'alive';
      readonly name: string;
      readonly port: number;
      readonly isHidden: boolean;
      /** The newest version of the handshake that it takes. Default 6, of OTP 23 and later. */
      readonly highestVersion?: number;
      /** The oldest one. Default 6. */
      readonly lowestVersion?: number;
    }
  | { readonly kind: 'port'; readonly name: string }
  | { readonly kind: 'names' };

/** Answers of EPMD. */
export type EpmdResponse =
  /** The name is registered; `creation` is to be used by the node. */
  | { readonly kind: 'registered'; readonly creation: number }
  /** The name belongs to another node. */
  | { readonly kind: 'name_taken' }
  /** Where the node listens, and the versions of the handshake it takes. */
  | {
      readonly kind: 'port';
      readonly port: number;
      readonly isHidden: boolean;
      readonly highestVersion: number;
      readonly lowestVersion: number;
    }
  | { readonly kind: 'no_such_node' }
  | {
      readonly kind: 'names';
      /** Where EPMD itself listens: `erl_epmd` believes no other. */
      readonly epmdPort: number;
      readonly nodes: readonly { readonly name: string; readonly port: number }[];
    };

/** The request with its length. @throws {EpmdError} `invalid_name`, `invalid_port` */
export function encodeEpmdRequest(request: EpmdRequest): Uint8Array {
  const body = requestBody(request);
  return Uint8Array.of(body.length >> 8, body.length & 255, ...body);
}

/**
 * Reads what EPMD has answered so far. All of it must be there for `port` and `names`, which EPMD ends by closing.
 *
 * @param isComplete whether EPMD has closed the connection
 * @returns undefined while more must come
 * @throws {EpmdError} `malformed`, `too_long`; `truncated` when it is complete and not whole
 */
export function decodeEpmdResponse(
  request: EpmdRequest,
  bytes: Uint8Array,
  isComplete: boolean,
): EpmdResponse | undefined {
  try {
    return readers[request.kind](bytes, isComplete);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    // Only the first ten bytes are looked at, so that this can't go on for ever.
    if (!isComplete) return undefined;
    throw new EpmdError('truncated', `EPMD's answer ended after ${bytes.length} bytes`, { cause: thrown });
  }
}

const readers: Readonly<
  Record<EpmdRequest['kind'], (bytes: Uint8Array, isComplete: boolean) => EpmdResponse | undefined>
> = {
  alive(bytes) {
    const view = viewOf(bytes);
    const tag = view.getUint8(0);
    if (tag !== aliveResponse && tag !== aliveExtendedResponse) throw unexpected(tag);
    if (view.getUint8(1) !== 0) return { kind: 'name_taken' };
    return {
      kind: 'registered',
      creation: tag === aliveExtendedResponse ? view.getUint32(2) : view.getUint16(2),
    };
  },
  port(bytes) {
    const view = viewOf(bytes);
    if (view.getUint8(0) !== portResponse) throw unexpected(view.getUint8(0));
    if (view.getUint8(1) !== 0) return { kind: 'no_such_node' };
    return {
      kind: 'port',
      port: view.getUint16(2),
      isHidden: view.getUint8(4) === hiddenType,
      highestVersion: view.getUint16(6),
      lowestVersion: view.getUint16(8),
    };
  },
  names(bytes, isComplete) {
    if (bytes.length > namesBytesMax)
      throw new EpmdError('too_long', `names of more than ${namesBytesMax} bytes`);
    if (!isComplete) return undefined;
    const epmdPort = viewOf(bytes).getUint32(0);
    const lines = new TextDecoder().decode(bytes.subarray(4)).split('\n');
    const nodes = lines.flatMap((line) => {
      const [, name, port] = /^name (.+) at port (\d{1,5})$/.exec(line) ?? [];
      return name === undefined || Number(port) > 65_535 ? [] : [{ name, port: Number(port) }];
    });
    return { kind: 'names', epmdPort, nodes };
  },
};

/** Some 30,000 nodes of one machine. */
const namesBytesMax = 1_048_576;

function requestBody(request: EpmdRequest): number[] {
  switch (request.kind) {
    case 'names':
      return [namesRequest];
    case 'port':
      return [portRequest, ...nameBytes(request.name)];
    case 'alive':
      return [aliveRequest, ...nodeBytes(request)];
  }
}

/** The fields that a registration and the answer to `port` share. @throws {EpmdError} `invalid_name`, `invalid_port` */
export function nodeBytes({
  name,
  port,
  isHidden,
  highestVersion = handshakeVersion,
  lowestVersion = handshakeVersion,
}: Omit<Extract<EpmdRequest, { kind: 'alive' }>, 'kind'>): number[] {
  const bytes = nameBytes(name);
  return [
    ...u16(checkedPort(port)),
    isHidden ? hiddenType : normalType,
    0,
    ...u16(highestVersion),
    ...u16(lowestVersion),
    ...u16(bytes.length),
    ...bytes,
    0,
    0,
  ];
}

/** The port. @throws {EpmdError} `invalid_port` */
export function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new EpmdError('invalid_port', `not a port: ${port}`);
  return port;
}

function u16(value: number): [number, number] {
  return [(value >> 8) & 255, value & 255];
}

/** Whether this can be the part of a node's name before the `@`: as EPMD lists names in lines, it has no space and no line's end. */
export function isFirstPart(name: string): boolean {
  return /^[^@\s\p{Cc}]+$/u.test(name) && new TextEncoder().encode(name).length <= 255;
}

function nameBytes(name: string): Uint8Array {
  if (!isFirstPart(name))
    throw new EpmdError(
      'invalid_name',
      `not the first part of a node name: ${JSON.stringify(name.slice(0, 300))}`,
    );
  return new TextEncoder().encode(name);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unexpected(tag: number): EpmdError {
  return new EpmdError('malformed', `EPMD's answer begins with ${tag}; is another program listening there?`);
}

/** Tag of a registration. */
export const aliveRequest = 120;
/** Tag of the question where a node listens. */
export const portRequest = 122;
/** Tag of the question for all nodes. */
export const namesRequest = 110;
/** Tag of the answer where a node listens. */
export const portResponse = 119;
/** Tag of the answer to a registration. */
export const aliveExtendedResponse = 118;
/** The same of before OTP 23, with 16 bits of the creation. */
export const aliveResponse = 121;
/** Type of a hidden node; any other is a normal one. */
export const hiddenType = 72;
const normalType = 77;
/** Of the handshake since OTP 23. */
export const handshakeVersion = 6;
