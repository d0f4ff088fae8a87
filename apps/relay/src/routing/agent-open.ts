import type { Open, WireCode } from '@macula/wire';
import type { NamesTable, Owner } from './names-table.js';
import { bytesKey, type LinkId } from './types.js';

/**
 * An OPEN into another realm becomes one to a name of its own realm that no node has: everybody, here and at the peers, does
 * what is done for any unknown name, so that neither the answer nor its time says whether that realm or its names exist.
 */
export function withinRealm(session: Owner | undefined, message: Open): Open {
  if (session === undefined || message.realm === session.realm) return message;
  return { ...message, realm: session.realm, to: nobodysName };
}

/** Why an agent's OPEN is refused: `from` may be nobody's name, but not somebody else's. */
export function refusalOfAgent(names: NamesTable, link: LinkId, message: Open): WireCode | undefined {
  const session = names.session(link);
  if (session === undefined) return 'not_found';
  const named = names.find(message.realm, message.from);
  return named !== undefined && named.identityKey !== session.identityKey ? 'name_taken' : undefined;
}

/** An agent doesn't choose what it is known by to the one it opens to, nor which relays are left out. */
export function withSource(session: Owner | undefined, { source: _said, ...message }: Open): Open {
  return session === undefined ? message : { ...message, visited: [], source: session.identity };
}

/** An agent needs nothing of the way here, and shall not learn the relays' identities from them. */
export function forAgent({ hints: _hints, ...message }: Open): Open {
  return { ...message, visited: [], hopsLeft: 0, exclude: [] };
}

/** Whether the other node has told the opener that it has a session with this relay. */
export function isHintedAt({ hints = [] }: Open, relay: Uint8Array): boolean {
  const key = bytesKey(relay);
  return hints.some((hint) => bytesKey(hint) === key);
}

/** Who is to answer here, if it isn't excluded. */
export function ownerFor(names: NamesTable, { realm, to, exclude }: Open): Owner | undefined {
  const owner = names.find(realm, to);
  if (owner === undefined || exclude.length === 0) return owner;
  const tagKey = bytesKey(owner.tag);
  return exclude.some((tag) => bytesKey(tag) === tagKey) ? undefined : owner;
}

/** No node is called so: a name of Erlang has no zero bytes. Who advertises it nevertheless reaches nobody but its own realm. */
const nobodysName = 'nobody\0@nowhere';
