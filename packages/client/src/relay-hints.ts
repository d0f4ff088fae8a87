import { identityId, parseIdentityId } from '@macula/crypto';
import type { Open } from '@macula/wire';
import type { Session } from './session.js';

/** How tunnels name the relays of these sessions to their peers: by their ids, in this order. */
export function relaysOf(sessions: readonly Session[]): readonly string[] {
  return sessions.flatMap(({ relayId }) => (relayId === undefined ? [] : [identityId(relayId)]));
}

/** What a peer has told of its relays, as OPEN has it; what is no id of a relay is left out. */
export function hintsOf(relays: readonly string[]): Pick<Open, 'hints'> {
  const hints = relays.flatMap((id) => {
    try {
      return [parseIdentityId(id)];
    } catch {
      return []; // another version's, which names its relays otherwise
    }
  });
  return hints.length === 0 ? {} : { hints };
}
