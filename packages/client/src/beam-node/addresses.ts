import { type Atom, atom, isAtom, isKind, type Pid, type Reference } from '@macula/dist-protocol';
import { BeamError } from './beam-error.js';

/** A process by the name it is registered under at a node: `{Name, Node}`. */
export interface NameAtNode {
  /** The registered name. */
  readonly name: string | Atom;
  /** The node; default this one. */
  readonly node?: string | Atom;
}

/** Where a message can go: a pid, a registered name, or an alias. */
export type Destination = Pid | NameAtNode | Reference;

/** What can be watched, linked with or called: a pid or a registered name. */
export type ProcessAddress = Pid | NameAtNode;

/** A destination with its node known. */
export type ResolvedDestination =
  | { readonly kind: 'pid'; readonly node: Atom; readonly pid: Pid }
  | { readonly kind: 'name'; readonly node: Atom; readonly name: Atom }
  | { readonly kind: 'alias'; readonly node: Atom; readonly alias: Reference };

/** What `destination` means at the node `self`. @throws {BeamError} `bad_option` for anything else */
export function resolveDestination(destination: Destination, self: Atom): ResolvedDestination {
  if (typeof destination !== 'object' || destination === null)
    throw new BeamError('bad_option', 'a destination is a pid, { name, node } or an alias');
  if ('name' in destination) {
    const node = destination.node === undefined ? self : asAtom(destination.node);
    return { kind: 'name', node, name: asAtom(destination.name) };
  }
  if (isKind(destination, 'pid')) return { kind: 'pid', node: destination.node, pid: destination };
  if (isKind(destination, 'reference')) return { kind: 'alias', node: destination.node, alias: destination };
  throw new BeamError('bad_option', 'a destination is a pid, { name, node } or an alias');
}

/** An atom, or the one of this name. */
export function asAtom(name: string | Atom): Atom {
  return isAtom(name as Atom) ? (name as Atom) : atom(String(name));
}

/** A text that two pids share exactly when they are the same process. */
export function pidKey(pid: Pid): string {
  return `${pid.id}.${pid.serial}.${pid.creation}@${pid.node.name}`;
}

/** A text that two references share exactly when they are the same. */
export function referenceKey(reference: Reference): string {
  return `${reference.words.join('.')}.${reference.creation}@${reference.node.name}`;
}
