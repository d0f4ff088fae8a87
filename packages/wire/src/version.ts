import { WireError } from './errors.js';

/** Major version of the wire protocol: different majors refuse each other with `version_unsupported`. 2: HELLO names the certificate, names are claimed by signature. */
export const wireMajor = 2;

/** Minor version: newer minors add message types and fields, which older ones ignore. 1: standby sessions, hints of OPEN. 2: membership and routing filters of relays, presence, `retryMs` of GOODBYE. */
export const wireMinor = 2;

/** First minor version whose relays know standby sessions: an older one would take a standby for the owner of its names. */
export const standbyMinor = 1;

/** First minor version whose relays answer WATCH. */
export const watchMinor = 2;

/**
 * Refuses another major version. The number is looked at before anything else of HELLO and CHALLENGE, whose other fields may be others there.
 * @param whose what the peer is to this side, for the sentence
 * @throws WireError `version_unsupported`
 */
export function requireMajor(major: number, whose: 'dialer' | 'listener'): void {
  if (major === wireMajor) return;
  const [dialer, listener] = whose === 'dialer' ? [major, wireMajor] : [wireMajor, major];
  throw new WireError(
    'version_unsupported',
    `the side that dialled speaks version ${dialer} of the mesh protocol, the relay version ${listener}; update the older one`,
  );
}
