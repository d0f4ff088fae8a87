import { identityId } from '@macula/crypto';
import type { RelayUrl } from '@macula/transport';
import type { SessionSet } from './session-set.js';

/** One configured relay. */
export interface RelayStatus {
  readonly url: string;
  /** `standby`: a session stands by there for the connected one. `waiting`: not in use now; it is tried when the connected one fails. */
  readonly state: 'connected' | 'standby' | 'connecting' | 'waiting';
  readonly relayId?: string;
  readonly transport?: string;
  readonly rttMs?: number;
  readonly lastError?: string;
}

/** What is known of a configured relay. */
export function relayStatus(
  url: RelayUrl,
  { present, sessions, state, lastErrors }: Pick<SessionSet, 'present' | 'sessions' | 'state' | 'lastErrors'>,
): RelayStatus {
  const session = sessions.find((other) => other.url === url);
  const lastError = lastErrors.get(url.text);
  const unused = state === 'dialling' ? 'connecting' : 'waiting';
  return {
    url: url.text,
    state: session === undefined ? unused : session === present ? 'connected' : 'standby',
    ...(session?.relayId === undefined ? {} : { relayId: identityId(session.relayId) }),
    ...(session === undefined ? {} : { transport: session.transport }),
    ...(session?.rttMs === undefined ? {} : { rttMs: session.rttMs }),
    ...(lastError === undefined ? {} : { lastError: lastError.text }),
  };
}
