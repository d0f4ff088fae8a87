import { HandshakeError } from './errors.js';

/**
 * Checks the name of a node: something, `@`, and a host.
 *
 * @returns the name
 * @throws {HandshakeError} `invalid_name`
 */
export function checkedName(name: string): string {
  const [local, host, ...more] = name.split('@');
  if (!local || !host || more.length > 0 || [...name].length > 255)
    throw new HandshakeError('invalid_name', `not a node name: ${quoted(name)}`);
  return name;
}

/**
 * Checks the host of a node that has no name.
 *
 * @returns the host
 * @throws {HandshakeError} `invalid_name`
 */
export function checkedHost(host: string): string {
  if (host === '' || host.includes('@') || [...host].length > 253)
    throw new HandshakeError('invalid_name', `not the host of a node that wants a name: ${quoted(host)}`);
  return host;
}

/**
 * Checks a name that one node gives another.
 *
 * @returns the name
 * @throws {HandshakeError} `invalid_name` when it is none, or not of that host
 */
export function checkedNameOfHost(name: string, host: string): string {
  if (!checkedName(name).endsWith(`@${host}`))
    throw new HandshakeError(
      'invalid_name',
      `${quoted(name)} was given to a node of the host ${quoted(host)}`,
    );
  return name;
}

/** Two nodes of which one dials the other. */
export interface SimultaneousAttempt {
  /** This node, which was dialled. */
  readonly local: string;
  /** The node that dials it. */
  readonly remote: string;
  /** Whether this node is dialling that one at the same time, and has no connection with it yet. */
  readonly isDialling: boolean;
}

/**
 * Who gives way when two nodes dial each other at one time: the attempt of the node with the greater name goes on
 * (`net_kernel`, comparing names as Erlang compares atoms: character by character).
 *
 * @returns what `local` answers: `ok`, also when it isn't dialling; `ok_simultaneous`, when its own attempt is given up; `nok`, when
 *   that goes on
 */
export function decideSimultaneous(attempt: SimultaneousAttempt): 'ok' | 'ok_simultaneous' | 'nok' {
  if (!attempt.isDialling) return 'ok';
  return compareCodePoints(attempt.local, attempt.remote) > 0 ? 'nok' : 'ok_simultaneous';
}

function compareCodePoints(one: string, other: string): number {
  const left = [...one];
  const right = [...other];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 300));
}
