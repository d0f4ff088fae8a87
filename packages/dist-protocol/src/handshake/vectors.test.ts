import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AcceptDecision, DistFlag, Handshake, type HandshakeOutput } from '../index.js';
import { decodeHandshake, type HandshakeMessage } from './messages.js';

interface Recorded {
  readonly initiatorRelease: string;
  readonly acceptorRelease: string;
  readonly initiator: readonly string[];
  readonly acceptor: readonly string[];
}
const { handshakes }: { readonly handshakes: Recorded[] } = JSON.parse(
  readFileSync(new URL('../../vectors/handshake.json', import.meta.url), 'utf8'),
);
const cookie = Buffer.from('E2E_COOKIE');

type Kind = HandshakeMessage['kind'];
/** One message of a recording, which is of that kind. */
function message<Wanted extends Kind>(hex: string | undefined, kind: Wanted) {
  const found = decodeHandshake(Buffer.from(hex ?? '', 'hex').subarray(2), kind);
  expect(found.kind).toBe(kind);
  return found as Extract<HandshakeMessage, { kind: Wanted }>;
}

/** Everything that a side says, given all that the other one has said; `decision` is its answer. */
function outputsOf(
  handshake: Handshake,
  heard: readonly string[],
  decision?: AcceptDecision,
): HandshakeOutput[] {
  const outputs: HandshakeOutput[] = [];
  for (const hex of ['', ...heard]) {
    handshake.handleBytes(Buffer.from(hex, 'hex'));
    for (let output = handshake.pollOutput(); output !== undefined; output = handshake.pollOutput()) {
      outputs.push(output);
      if (output.kind === 'peer_named' || output.kind === 'name_wanted') handshake.decide(decision!);
    }
  }
  return outputs;
}

const saidIn = (outputs: readonly HandshakeOutput[]) =>
  outputs.flatMap((one) => (one.kind === 'send' ? [Buffer.from(one.bytes).toString('hex')] : []));

describe('a handshake of OTP', () => {
  it.each(handshakes)(
    'of $initiatorRelease with $acceptorRelease is said byte for byte, by either side',
    (one) => {
      const name = message(one.initiator[0], 'name');
      const reply = message(one.initiator[1], 'reply');
      const challenge = message(one.acceptor[1], 'challenge');
      const isUnnamed = (name.flags & DistFlag.nameMe) !== 0n;
      const initiator = Handshake.initiator(
        {
          local: { ...name, flags: name.flags & ~DistFlag.nameMe },
          challenge: reply.challenge,
          peerName: challenge.name,
          cookie,
          wantsName: isUnnamed,
        },
        0,
      );
      const dialled = outputsOf(initiator, one.acceptor);
      expect(saidIn(dialled)).toEqual(one.initiator);

      const given = isUnnamed ? message(one.acceptor[0], 'named') : name;
      const acceptor = Handshake.acceptor(
        {
          local: { ...challenge, flags: challenge.flags & ~DistFlag.nameMe },
          challenge: challenge.challenge,
          givesNames: true,
        },
        0,
      );
      const decision: AcceptDecision = isUnnamed
        ? { status: 'named', name: given.name, creation: given.creation, cookie }
        : { status: 'ok', cookie };
      const accepted = outputsOf(acceptor, one.initiator, decision);
      expect(saidIn(accepted)).toEqual(one.acceptor);

      const flags = name.flags & challenge.flags;
      const who = { name: given.name, creation: given.creation, flags: name.flags };
      const whom = { name: challenge.name, creation: challenge.creation, flags: challenge.flags };
      expect(dialled.at(-1)).toMatchObject({ kind: 'connected', local: who, peer: whom, flags });
      expect(accepted.at(-1)).toMatchObject({ kind: 'connected', local: whom, peer: who, flags });
    },
  );

  it('is of each release with each, also without a name', () => {
    const kinds = handshakes.map((one) => [
      one.initiatorRelease,
      one.acceptorRelease,
      one.acceptor[0]?.length === 10,
    ]);
    expect(new Set(kinds.map(String)).size).toBe(3 * 3 * 2);
  });
});
