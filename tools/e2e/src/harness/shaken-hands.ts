import type { Socket } from 'node:net';
import type { AcceptDecision, Handshake, HandshakeError, HandshakeOutput } from '@macula/dist-protocol';

/** How a handshake over a socket has ended. */
export type ShakenHands =
  | Extract<HandshakeOutput, { readonly kind: 'connected' }>
  | { readonly kind: 'failed'; readonly error: HandshakeError };

/** What is answered when the other side asks. */
export interface HandshakeAnswers {
  /** Acceptor: to `peer_named` and `name_wanted`. */
  readonly decision?: AcceptDecision;
  /** Initiator: to `peer_alive`. Default true. */
  readonly isDead?: boolean;
}

/** Shakes hands over a socket that is connected; nothing is read of what comes behind it. */
export function shakeHands(
  socket: Socket,
  handshake: Handshake,
  { decision, isDead = true }: HandshakeAnswers = {},
): Promise<ShakenHands> {
  return new Promise((resolve, reject) => {
    const poll = () => {
      for (let output = handshake.pollOutput(); output !== undefined; output = handshake.pollOutput())
        switch (output.kind) {
          case 'send':
            socket.write(output.bytes);
            break;
          case 'peer_named':
          case 'name_wanted':
            if (decision === undefined) reject(new Error(`${output.kind}, and there is no decision`));
            else handshake.decide(decision);
            break;
          case 'peer_alive':
            handshake.answerAlive(isDead);
            break;
          case 'failed':
            socket.end();
            resolve(output);
            break;
          case 'connected':
            resolve(output);
            break;
        }
    };
    socket.on('data', (bytes) => {
      handshake.handleBytes(bytes);
      poll();
    });
    socket.on('end', () => {
      handshake.handleEnd();
      poll();
    });
    socket.on('error', reject);
    poll();
  });
}
