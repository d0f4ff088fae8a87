import { mutate, runsOf } from '@macula/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AcceptDecision,
  challengeDigest,
  DistFlag,
  decideSimultaneous,
  Handshake,
  HandshakeError,
  type HandshakeErrorCode,
  type HandshakeOutput,
  supportedFlags,
} from '../index.js';
import { decodeHandshake, encodeHandshake } from './messages.js';

const cookie = new TextEncoder().encode('MYSECRET');
const ann = { name: 'ann@host', creation: 0x1234_5678, flags: supportedFlags | DistFlag.published };
const bob = { name: 'bob@host', creation: 0x9abc_def0, flags: supportedFlags };

interface Run {
  readonly initiator: HandshakeOutput[];
  readonly acceptor: HandshakeOutput[];
}

/** Lets both sides talk until neither has anything to say; `cut` is how many bytes arrive at a time. */
function run(
  initiator: Handshake,
  acceptor: Handshake,
  {
    cut = 1_000,
    decision = { status: 'ok', cookie },
    isDead = true,
  }: { cut?: number; decision?: AcceptDecision; isDead?: boolean } = {},
): Run {
  const said: Run = { initiator: [], acceptor: [] };
  const step = (from: Handshake, to: Handshake, mine: HandshakeOutput[]): boolean => {
    let any = false;
    for (let output = from.pollOutput(); output !== undefined; output = from.pollOutput()) {
      any = true;
      mine.push(output);
      if (output.kind === 'peer_named') from.decide(decision);
      if (output.kind === 'peer_alive') from.answerAlive(isDead);
      if (output.kind !== 'send') continue;
      for (let at = 0; at < output.bytes.length; at += cut)
        to.handleBytes(output.bytes.subarray(at, at + cut));
    }
    return any;
  };
  while (step(initiator, acceptor, said.initiator) || step(acceptor, initiator, said.acceptor));
  return said;
}

function pair(changes: { cookie?: Uint8Array; peerName?: string; local?: typeof ann } = {}) {
  const { local = ann, ...rest } = changes;
  const options = { local, challenge: 17, peerName: bob.name, cookie, ...rest };
  return {
    initiator: Handshake.initiator(options, 0),
    acceptor: Handshake.acceptor({ local: bob, challenge: 4_000_000_000 }, 0),
  };
}

const last = (outputs: readonly HandshakeOutput[]) => outputs.at(-1);
const failure = (code: HandshakeErrorCode) => ({ kind: 'failed', error: { name: 'HandshakeError', code } });

describe('a handshake', () => {
  it('connects both, whatever way the bytes are cut', () => {
    for (const cut of [1, 2, 3, 7, 1_000]) {
      const { initiator, acceptor } = pair();
      const said = run(initiator, acceptor, { cut });
      const flags = supportedFlags;
      expect(last(said.initiator)).toEqual({ kind: 'connected', peer: bob, flags, rest: new Uint8Array(0) });
      expect(last(said.acceptor)).toEqual({ kind: 'connected', peer: ann, flags, rest: new Uint8Array(0) });
      expect(initiator.pollTimeout()).toBeUndefined();
    }
  });

  it('hands over what came behind it', () => {
    const { initiator, acceptor } = pair();
    const said: Uint8Array[] = [];
    for (let output = initiator.pollOutput(); output !== undefined; output = initiator.pollOutput())
      if (output.kind === 'send') acceptor.handleBytes(output.bytes);
    acceptor.pollOutput();
    acceptor.decide({ status: 'ok', cookie });
    for (let output = acceptor.pollOutput(); output !== undefined; output = acceptor.pollOutput())
      if (output.kind === 'send') initiator.handleBytes(output.bytes);
    for (let output = initiator.pollOutput(); output !== undefined; output = initiator.pollOutput())
      if (output.kind === 'send') said.push(output.bytes);
    acceptor.handleBytes(Buffer.concat([...said, Uint8Array.of(0, 0, 0, 0)]));
    acceptor.pollOutput();
    expect(acceptor.pollOutput()).toMatchObject({ kind: 'connected', rest: Uint8Array.of(0, 0, 0, 0) });
  });

  it.each(['ok', 'ok_simultaneous', 'alive'] as const)('goes on after %s', (status) => {
    const { initiator, acceptor } = pair();
    const said = run(initiator, acceptor, { decision: { status, cookie } });
    expect([last(said.initiator)?.kind, last(said.acceptor)?.kind]).toEqual(['connected', 'connected']);
  });

  it('ends where the connection that the peer holds for alive is alive', () => {
    const { initiator, acceptor } = pair();
    const said = run(initiator, acceptor, { decision: { status: 'alive', cookie }, isDead: false });
    expect(last(said.initiator)).toMatchObject(failure('already_connected'));
    expect(last(said.acceptor)).toMatchObject(failure('already_connected'));
  });

  it.each([
    ['nok', 'simultaneous'],
    ['not_allowed', 'not_allowed'],
  ] as const)('ends after %s as %s', (status, code) => {
    const { initiator, acceptor } = pair();
    const said = run(initiator, acceptor, { decision: { status } });
    expect(last(said.initiator)).toMatchObject(failure(code));
    expect(last(said.acceptor)).toMatchObject(failure(code));
  });

  it('is a matter of the cookie, which the initiator must prove first', () => {
    const { initiator, acceptor } = pair({ cookie: new TextEncoder().encode('OTHER') });
    const said = run(initiator, acceptor);
    expect(last(said.acceptor)).toMatchObject(failure('wrong_cookie'));
    expect(last(said.initiator)?.kind).toBe('send');
    initiator.handleEnd();
    expect(initiator.pollOutput()).toMatchObject(failure('wrong_cookie'));
  });

  it('does not believe an acceptor that does not know the cookie', () => {
    const { initiator } = pair();
    initiator.pollOutput();
    initiator.handleBytes(encodeHandshake({ kind: 'status', status: 'ok' }));
    initiator.handleBytes(encodeHandshake({ kind: 'challenge', challenge: 5, ...bob }));
    initiator.pollOutput();
    const digest = challengeDigest(new TextEncoder().encode('guess'), 17);
    initiator.handleBytes(encodeHandshake({ kind: 'ack', digest }));
    expect(initiator.pollOutput()).toMatchObject(failure('wrong_cookie'));
  });

  it('ends when another node answers', () => {
    const { initiator, acceptor } = pair({ peerName: 'eve@host' });
    expect(last(run(initiator, acceptor).initiator)).toMatchObject(failure('wrong_name'));
  });

  it('ends when the peer lacks what OTP 25 has, and says what', () => {
    const { initiator, acceptor } = pair({ local: { ...ann, flags: supportedFlags & ~DistFlag.unlinkId } });
    expect(last(run(initiator, acceptor).acceptor)).toMatchObject({ error: { message: /unlinkId/ } });
  });

  it('takes mandatory25Digest for all that it stands for', () => {
    const flags = (supportedFlags & ~DistFlag.mapTag) | DistFlag.mandatory25Digest;
    const { initiator, acceptor } = pair({ local: { ...ann, flags } });
    expect(last(run(initiator, acceptor).acceptor)).toMatchObject({ kind: 'connected' });
  });

  it.each([
    ['no at', 'nohost'],
    ['nothing before it', '@host'],
    ['nothing behind it', 'a@'],
    ['two', 'a@b@c'],
    ['256 characters', `${'a'.repeat(251)}@host`],
  ])('refuses a name with %s', (_, name) => {
    const { initiator, acceptor } = pair({ local: { ...ann, name } });
    expect(last(run(initiator, acceptor).acceptor)).toMatchObject(failure('invalid_name'));
  });

  it('refuses what OTP 22 says, a message that is too long, and one out of turn', () => {
    const codes = [
      Uint8Array.of(0, 7, 110, 0, 5, 0, 0, 0, 1),
      Uint8Array.of(6, 0),
      encodeHandshake({ kind: 'ack', digest: new Uint8Array(16) }),
    ].map((bytes) => {
      const { acceptor } = pair();
      acceptor.handleBytes(bytes);
      const output = acceptor.pollOutput();
      return output?.kind === 'failed' ? output.error.code : output?.kind;
    });
    expect(codes).toEqual(['old_version', 'message_too_long', 'malformed']);
  });

  it('is over after its time', () => {
    const { initiator } = pair();
    initiator.pollOutput();
    expect(initiator.pollTimeout()?.atMs).toBe(7_000);
    initiator.handleTimeout(6_999);
    expect(initiator.pollOutput()).toBeUndefined();
    initiator.handleTimeout(7_000);
    expect(initiator.pollOutput()).toMatchObject(failure('timed_out'));
    initiator.handleBytes(Uint8Array.of(1));
    initiator.handleEnd();
    expect(initiator.pollOutput()).toBeUndefined();
  });
});

describe('mutated handshakes', () => {
  const messages = (() => {
    const { initiator, acceptor } = pair();
    const said = run(initiator, acceptor);
    return [...said.initiator, ...said.acceptor].flatMap((one) => (one.kind === 'send' ? [one.bytes] : []));
  })();
  const kinds = fc.constantFrom('name', 'challenge', 'status', 'reply', 'ack');

  it('are messages or a HandshakeError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.constantFrom(...messages),
        fc.uint8Array({ minLength: 1, maxLength: 24 }),
        kinds,
        (one, other, recipe, awaited) => {
          const body = mutate(one, other, recipe).subarray(2);
          try {
            expect(typeof decodeHandshake(body, awaited as 'name').kind).toBe('string');
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(HandshakeError);
          }
        },
      ),
      { numRuns: runsOf(process.env, 3_000) },
    );
  });

  it('never connect a peer that does not know the cookie', () => {
    const guess = new TextEncoder().encode('guess');
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...messages), { maxLength: 6 }),
        fc.uint8Array({ maxLength: 16 }),
        (some, recipe) => {
          const acceptor = Handshake.acceptor({ local: bob, challenge: 99 }, 0);
          const own = encodeHandshake({ kind: 'reply', challenge: 1, digest: challengeDigest(guess, 99) });
          const first = messages[0]!;
          for (const bytes of [first, ...some.map((one) => mutate(one, own, recipe)), own]) {
            acceptor.handleBytes(bytes);
            for (let output = acceptor.pollOutput(); output !== undefined; output = acceptor.pollOutput()) {
              expect(output.kind).not.toBe('connected');
              if (output.kind === 'peer_named') acceptor.decide({ status: 'ok', cookie });
            }
          }
        },
      ),
      { numRuns: runsOf(process.env, 500) },
    );
  });
});

describe('two nodes that dial each other', () => {
  it('agree on one attempt, as OTP does: that of the greater name', () => {
    // net_kernel of a@h, which dials b@h, answers its call with ok_simultaneous, and b@h answers nok.
    expect(decideSimultaneous('a@h', 'b@h')).toBe('ok_simultaneous');
    expect(decideSimultaneous('b@h', 'a@h')).toBe('nok');
    expect(decideSimultaneous('a@h', 'a@hh')).toBe('ok_simultaneous');
    expect(decideSimultaneous('\u{ffff}@h', '\u{10000}@h')).toBe('ok_simultaneous');
  });
});

describe('a digest', () => {
  it('is what dist_util:gen_digest/2 makes', () => {
    // erl: erlang:md5(["MYSECRET", integer_to_list(4000000000)]).
    expect(Buffer.from(challengeDigest(cookie, 4_000_000_000)).toString('hex')).toBe(
      '9358dff968529a7103d866014c9f47ac',
    );
  });
});
