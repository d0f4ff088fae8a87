import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { HelloDialer, HelloListener } from '@macula/wire';

/** How long this machine takes for what a listener computes of a HELLO: two signatures checked and one made; median of some, milliseconds. */
export function measuredHelloMs(rounds = 200): number {
  const identity = identityFromSeed(randomBytes(32));
  const certificateSha256 = randomBytes(32);
  const times = Array.from({ length: rounds }, () => {
    const common = { bootId: randomBytes(16), nonce: randomBytes(32), certificateSha256 };
    const dialer = new HelloDialer({
      ...common,
      ...{ role: 'agent', realm: 'io.macula', names: ['a@x'], sessionSeq: 1, label: '' },
      identity: identityFromSeed(randomBytes(32)),
      identityPin: undefined,
    });
    const listener = new HelloListener({ ...common, identity });
    const beganMs = performance.now();
    const challenge = listener.handleHello(dialer.hello);
    const challengedMs = performance.now();
    const proof = dialer.handleChallenge(challenge);
    const provenMs = performance.now();
    listener.handleProof(proof);
    return challengedMs - beganMs + performance.now() - provenMs;
  });
  return times.sort((one, other) => one - other)[Math.floor(rounds / 2)]!;
}
