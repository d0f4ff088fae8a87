/**
 * What a node says to the Erlang Port Mapper Daemon, and what it hears: one request for each TCP connection, which is closed by
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
  | { readonly kind: 'alive'; readonly name: string; readonly port: number; readonly isHidden: boolean }
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
      readonly highestVersion: number;
      readonly lowestVersion: number;
    }
  | { readonly kind: 'no_such_node' }
  | { readonly kind: 'names'; readonly nodes: readonly { readonly name: string; readonly port: number }[] };

/**
 * Why EPMD's answer could not be used.
 *
 * | code | at fault | meaning |
 * |---|---|---|
 * | `truncated` | EPMD | it closed the connection in the middle of its answer |
 * | `malformed` | EPMD | an answer to another question, or none at all |
 * | `invalid_name` | caller | a name that is empty, has an `@`, or more than 255 bytes |
 */
export type EpmdErrorCode = 'truncated' | 'malformed' | 'invalid_name';

/** The error of what speaks with EPMD. */
export class EpmdError extends Error {
  override readonly name = 'EpmdError';

  constructor(
    /** What happened; see {@link EpmdErrorCode}. */
    readonly code: EpmdErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The request with its length. @throws {EpmdError} `invalid_name` */
export function encodeEpmdRequest(request: EpmdRequest): Uint8Array {
  const body = requestBody(request);
  return Uint8Array.of(body.length >> 8, body.length & 255, ...body);
}

/**
 * Reads what EPMD has answered so far. All of it must be there for `port` and `names`, which EPMD ends by closing.
 *
 * @param isComplete whether EPMD has closed the connection
 * @returns undefined while more must come
 * @throws {EpmdError} `malformed`; `truncated` when it is complete and not whole
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
    if (!isComplete && bytes.length < responseBytesMax) return undefined;
    throw new EpmdError('truncated', `EPMD's answer ended after ${bytes.length} bytes`, { cause: thrown });
  }
}

/** Bytes of an answer to `port`, far above the longest; `names` may be longer. */
const responseBytesMax = 4_096;

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
      highestVersion: view.getUint16(6),
      lowestVersion: view.getUint16(8),
    };
  },
  names(bytes, isComplete) {
    if (bytes.length > namesBytesMax)
      throw new EpmdError('malformed', `names of more than ${namesBytesMax} bytes`);
    if (!isComplete) return undefined;
    viewOf(bytes).getUint32(0);
    const lines = new TextDecoder().decode(bytes.subarray(4)).split('\n');
    const nodes = lines.flatMap((line) => {
      const [, name, port] = /^name (.+) at port (\d{1,5})$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, port: Number(port) }];
    });
    return { kind: 'names', nodes };
  },
};

/** Some 30,000 nodes of one machine. */
const namesBytesMax = 1_048_576;

function requestBody(request: EpmdRequest): number[] {
  switch (request.kind) {
    case 'names':
      return [110];
    case 'port':
      return [122, ...nameBytes(request.name)];
    case 'alive': {
      const name = nameBytes(request.name);
      const type = request.isHidden ? 72 : 77;
      const versions = [0, handshakeVersion, 0, handshakeVersion];
      return [
        120,
        request.port >> 8,
        request.port & 255,
        type,
        0,
        ...versions,
        0,
        name.length,
        ...name,
        0,
        0,
      ];
    }
  }
}

function nameBytes(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > 255 || name.includes('@'))
    throw new EpmdError(
      'invalid_name',
      `not the first part of a node name: ${JSON.stringify(name.slice(0, 300))}`,
    );
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unexpected(tag: number): EpmdError {
  return new EpmdError('malformed', `EPMD's answer begins with ${tag}; is another program listening there?`);
}

const portResponse = 119;
const aliveExtendedResponse = 118;
const aliveResponse = 121;
/** Of the handshake since OTP 23. */
const handshakeVersion = 6;
