import { EpmdError } from './errors.js';
import {
  aliveExtendedResponse,
  aliveRequest,
  aliveResponse,
  checkedPort,
  type EpmdRequest,
  type EpmdResponse,
  handshakeVersion,
  hiddenType,
  isFirstPart,
  namesRequest,
  nodeBytes,
  portRequest,
  portResponse,
} from './messages.js';

/**
 * Reads what a node has asked so far, for who answers in the place of EPMD.
 *
 * @param isComplete whether the node has closed its side of the connection
 * @returns undefined while more must come
 * @throws {EpmdError} `malformed`, `too_long`; `truncated` when it is complete and not whole
 */
export function decodeEpmdRequest(bytes: Uint8Array, isComplete: boolean): EpmdRequest | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 2 ? undefined : view.getUint16(0);
  if (length !== undefined && length > requestBytesMax)
    throw new EpmdError('too_long', `a question of ${length} bytes, limit ${requestBytesMax}`);
  if (length === undefined || bytes.length < 2 + length) {
    if (!isComplete) return undefined;
    throw new EpmdError('truncated', `the question ended after ${bytes.length} bytes`);
  }
  const body = bytes.subarray(2, 2 + length);
  try {
    return requestIn(body);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new EpmdError('malformed', `question ${body[0]} of ${length} bytes`, { cause: thrown });
  }
}

/**
 * What EPMD answers. Its connection is closed behind the answer, but for `registered`.
 *
 * @param request what was asked: with a `highestVersion` below 6 a registration is answered by the old message, with 16 bits of the creation
 * @throws {EpmdError} `invalid_port`, `invalid_name`; `malformed` for the answer to another question
 */
export function encodeEpmdResponse(request: EpmdRequest, response: EpmdResponse): Uint8Array {
  if (answers[response.kind] !== request.kind)
    throw new EpmdError('malformed', `${response.kind} is no answer to ${request.kind}`);
  switch (response.kind) {
    case 'registered':
      return aliveBytes(request, 0, response.creation);
    case 'name_taken':
      return aliveBytes(request, 1, 0);
    case 'port': {
      const name = request.kind === 'port' ? request.name : '';
      return Uint8Array.of(portResponse, 0, ...nodeBytes({ ...response, name }));
    }
    case 'no_such_node':
      return Uint8Array.of(portResponse, 1);
    case 'names': {
      const lines = response.nodes.map(({ name, port }) => lineOf(name, checkedPort(port)));
      const text = new TextEncoder().encode(lines.join(''));
      const bytes = new Uint8Array(4 + text.length);
      new DataView(bytes.buffer).setUint32(0, checkedPort(response.epmdPort));
      bytes.set(text, 4);
      return bytes;
    }
  }
}

/** Bytes of a question behind its length, far above the longest name. */
const requestBytesMax = 1_024;

/** What is asked with what. */
const answers: Readonly<Record<EpmdResponse['kind'], EpmdRequest['kind']>> = {
  registered: 'alive',
  name_taken: 'alive',
  port: 'port',
  no_such_node: 'port',
  names: 'names',
};

function requestIn(body: Uint8Array): EpmdRequest {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (view.getUint8(0)) {
    case namesRequest:
      return { kind: 'names' };
    case portRequest: {
      // A byte 0 at the end is borne, as EPMD does.
      const end = body.at(-1) === 0 ? body.length - 1 : body.length;
      return { kind: 'port', name: nameIn(body.subarray(1, end)) };
    }
    case aliveRequest: {
      const nameEnd = 11 + view.getUint16(9);
      const extraLength = view.getUint16(nameEnd);
      if (body.length < nameEnd + 2 + extraLength)
        throw new EpmdError('malformed', 'a registration shorter than it says');
      return {
        kind: 'alive',
        name: nameIn(body.subarray(11, nameEnd)),
        port: view.getUint16(1),
        isHidden: view.getUint8(3) === hiddenType,
        highestVersion: view.getUint16(5),
        lowestVersion: view.getUint16(7),
      };
    }
    default:
      throw new EpmdError('malformed', `a question that begins with ${body[0]}`);
  }
}

function nameIn(bytes: Uint8Array): string {
  let name: string;
  try {
    name = strictUtf8.decode(bytes);
  } catch (cause) {
    throw new EpmdError('malformed', 'a name that is not UTF-8', { cause });
  }
  if (!isFirstPart(name))
    throw new EpmdError(
      'malformed',
      `not the first part of a node name: ${JSON.stringify(name.slice(0, 300))}`,
    );
  return name;
}

function lineOf(name: string, port: number): string {
  if (!isFirstPart(name))
    throw new EpmdError('invalid_name', `not the first part of a node name: ${JSON.stringify(name)}`);
  return `name ${name} at port ${port}\n`;
}

function aliveBytes(request: EpmdRequest, result: number, creation: number): Uint8Array {
  const highest = request.kind === 'alive' ? request.highestVersion : undefined;
  const isExtended = (highest ?? handshakeVersion) >= handshakeVersion;
  const bytes = new Uint8Array(isExtended ? 6 : 4);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, isExtended ? aliveExtendedResponse : aliveResponse);
  view.setUint8(1, result);
  if (isExtended) view.setUint32(2, creation);
  else view.setUint16(2, creation);
  return bytes;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
