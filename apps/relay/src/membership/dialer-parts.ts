import { randomBytes } from 'node:crypto';
import type { Connection } from '@macula/transport';
import { codeSentence, helloTimeoutMs } from '@macula/wire';
import type { MeshParts } from '../mesh-parts.js';
import { type DialHelloOptions, dialHello, type Welcomed } from '../session/dial-hello.js';
import type { PeerDialerParts } from '../session/peer-dialer.js';
import type { Session } from '../session/session.js';

/** How this relay dials others and says HELLO to them. */
export function dialerPartsOf(
  { config, identity, dialer, caPem, meshSecret, logger, timeouts, nowMs }: MeshParts,
  own: Pick<DialHelloOptions, 'bootId' | 'admits'> & {
    admit(connection: Connection, welcomed: Welcomed): Session | undefined;
  },
): PeerDialerParts {
  let lastSeq = 0;
  return {
    transport: dialer,
    tlsVerify: config.tlsVerify,
    caPem,
    random: Math.random,
    nowMs,
    hello: (connection, { identityPin, isPinTrusted }, outcome) =>
      dialHello(connection, {
        ...{ identity, bootId: own.bootId, label: config.label, meshSecret, admits: own.admits },
        ...{ identityPin, isPinTrusted, ...outcome },
        nonce: randomBytes(32),
        sessionSeq: (lastSeq = Math.max(Date.now(), lastSeq + 1)),
        timeoutMs: timeouts?.helloMs ?? helloTimeoutMs,
      }),
    admit: (connection, welcomed) => own.admit(connection, welcomed),
    onFailed: (url, code, why, retryMs) => {
      if (code === 'self_connection') logger.warn({ url }, `not a peer: ${codeSentence('self_connection')}`);
      else logger.warn({ url, code, why, retryMs }, 'peer not connected');
    },
  };
}
