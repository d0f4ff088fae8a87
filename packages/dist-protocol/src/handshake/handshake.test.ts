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
  requiredFlags,
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

/** Lets both sides talk until neither has anything to say; `cuts` are how many bytes arrive at a time, in turn. */
function run(
  initiator: Handshake,
  acceptor: Handshake,
  {
    cuts = [1_000],
    decision = { status: 'ok', cookie },
    isDead = true,
  }: { cuts?: readonly number[]; decision?: AcceptDecision; isDead?: boolean } = {},
): Run {
  let turn = 0;
  const said: Run = { initiator: [], acceptor: [] };
  const step = (from: Handshake, to: Handshake, mine: HandshakeOutput[]): boolean => {
    let any = false;
    for (let output = from.pollOutput(); output !== undefined; output = from.pollOutput()) {
      any = true;
      mine.push(output);
      if (output.kind === 'peer_named' || output.kind === 'name_wanted') from.decide(decision);
      if (output.kind === 'peer_alive') from.answerAlive(isDead);
      if (output.kind !== 'send') continue;
      for (let at = 0; at < output.bytes.length; ) {
        const cut = cuts[turn++ % cuts.length]!;
        to.handleBytes(output.bytes.subarray(at, at + cut));
        at += cut;
      }
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
    const cuts = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })), { minLength: 1 });
    fc.assert(
      fc.property(cuts, (sizes) => {
        const { initiator, acceptor } = pair();
        const said = run(initiator, acceptor, { cuts: sizes });
        const both = { kind: 'connected', flags: supportedFlags, rest: new Uint8Array(0) };
        expect(last(said.initiator)).toEqual({ ...both, peer: bob, local: ann });
        expect(last(said.acceptor)).toEqual({ ...both, peer: ann, local: bob });
        expect(initiator.pollTimeout()).toBeUndefined();
      }),
      { numRuns: runsOf(process.env, 200) },
    );
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

  it('is given up for nobody\u2019s fault where the peer closes instead of saying that its other connection is dead', () => {
    const { initiator, acceptor } = pair();
    const [name] = run(initiator, Handshake.acceptor({ local: bob, challenge: 1 }, 0)).initiator;
    if (name?.kind === 'send') acceptor.handleBytes(name.bytes);
    acceptor.pollOutput();
    acceptor.decide({ status: 'alive', cookie });
    acceptor.pollOutput();
    acceptor.handleEnd();
    expect(acceptor.pollOutput()).toMatchObject(failure('simultaneous'));
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

  it('ends when the peer lacks what OTP 25 has, says what, and tells the peer', () => {
    const { initiator, acceptor } = pair({ local: { ...ann, flags: supportedFlags & ~DistFlag.unlinkId } });
    const said = run(initiator, acceptor);
    expect(last(said.acceptor)).toMatchObject({ error: { message: /unlinkId/, code: 'missing_flags' } });
    expect(last(said.initiator)).toMatchObject(failure('not_allowed'));
    const poor = { ...bob, flags: 0n };
    const dialled = Handshake.acceptor({ local: poor, challenge: 4 }, 0);
    expect(last(run(pair().initiator, dialled).initiator)).toMatchObject(failure('missing_flags'));
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
  ])('refuses a name with %s, its own too', (_, name) => {
    const { acceptor } = pair();
    acceptor.handleBytes(encodeHandshake({ kind: 'name', ...ann, name }));
    expect(acceptor.pollOutput()).toMatchObject(failure('invalid_name'));
    const local = { ...ann, name };
    for (const own of [pair({ local }).initiator, Handshake.acceptor({ local, challenge: 1 }, 0)]) {
      expect(own.pollOutput()).toMatchObject(failure('invalid_name'));
      expect(own.pollTimeout()).toBeUndefined();
    }
  });

  it('says names in Latin-1, as OTP does, and none that is not', () => {
    const local = { ...ann, name: 'ann@h\u00f6st' };
    const { initiator, acceptor } = pair({ local });
    const said = run(initiator, acceptor);
    expect(last(said.acceptor)).toMatchObject({ kind: 'connected', peer: local });
    const [name] = said.initiator;
    expect(name?.kind === 'send' && Buffer.from(name.bytes.subarray(-8)).toString('latin1')).toBe(local.name);
    const foreign = pair({ local: { ...ann, name: 'ann@\u4e3b\u673a' } });
    expect(foreign.initiator.pollOutput()).toMatchObject(failure('invalid_name'));
  });

  it('bears more behind the fields of a message, as it must', () => {
    const { acceptor } = pair();
    const more = Uint8Array.of(...encodeHandshake({ kind: 'name', ...ann }), 1, 2, 3);
    more[1] = more.length - 2;
    acceptor.handleBytes(more);
    expect(acceptor.pollOutput()).toEqual({ kind: 'peer_named', peer: ann });
  });

  it('takes no more bytes than a message has while it is not the peer\u2019s turn', () => {
    const { acceptor } = pair();
    acceptor.handleBytes(encodeHandshake({ kind: 'name', ...ann }));
    acceptor.pollOutput();
    acceptor.handleBytes(new Uint8Array(1_500));
    expect(acceptor.pollOutput()).toBeUndefined();
    acceptor.handleBytes(new Uint8Array(1));
    expect(acceptor.pollOutput()).toMatchObject(failure('message_too_long'));
  });

  it('is not answered where nobody has asked', () => {
    const unasked = expect.objectContaining({ code: 'unasked' });
    const { initiator, acceptor } = pair();
    expect(() => acceptor.decide({ status: 'ok', cookie })).toThrow(unasked);
    expect(() => initiator.answerAlive(true)).toThrow(unasked);
    acceptor.handleBytes(encodeHandshake({ kind: 'name', ...ann }));
    expect(() => acceptor.answerAlive(true)).toThrow(unasked);
    const named = { status: 'named', name: 'x@host', creation: 4, cookie } as const;
    expect(() => acceptor.decide(named)).toThrow(unasked);
  });

  it('refuses what OTP 22 says, a message that is too long, and one out of turn', () => {
    const codes = [
      Uint8Array.of(0, 7, 110, 0, 5, 0, 0, 0, 1),
      Uint8Array.of(0, 9, 99, 0, 0, 0, 13, 0, 0, 0, 4),
      Uint8Array.of(6, 0),
      encodeHandshake({ kind: 'ack', digest: new Uint8Array(16) }),
    ].map((bytes) => {
      const { acceptor } = pair();
      acceptor.handleBytes(bytes);
      const output = acceptor.pollOutput();
      return output?.kind === 'failed' ? output.error.code : output?.kind;
    });
    expect(codes).toEqual(['old_version', 'old_version', 'message_too_long', 'malformed']);
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

describe('a node without a name', () => {
  const wanting = (more: Partial<typeof ann> = {}) =>
    Handshake.initiator(
      {
        local: { ...ann, name: 'host', ...more },
        challenge: 17,
        peerName: bob.name,
        cookie,
        wantsName: true,
      },
      0,
    );
  const giving = () =>
    Handshake.acceptor({ local: { ...bob, flags: bob.flags | 1n }, challenge: 5, givesNames: true }, 0);
  const given = { status: 'named', name: 'R4ND0M@host', creation: 77, cookie } as const;

  it('is given one, and both are hidden', () => {
    const said = run(wanting(), giving(), { decision: given });
    const flags = supportedFlags | DistFlag.nameMe;
    const named = { name: given.name, creation: given.creation, flags };
    expect(said.acceptor[0]).toEqual({ kind: 'name_wanted', host: 'host', flags });
    expect(last(said.initiator)).toMatchObject({
      kind: 'connected',
      peer: { ...bob, flags },
      local: named,
      flags,
    });
    expect(last(said.acceptor)).toMatchObject({
      kind: 'connected',
      peer: named,
      local: { ...bob, flags },
      flags,
    });
  });

  it('is not allowed where no names are given, or none for it', () => {
    const refused = run(wanting(), Handshake.acceptor({ local: bob, challenge: 5 }, 0));
    expect(last(refused.acceptor)).toMatchObject(failure('invalid_name'));
    expect(last(refused.initiator)).toMatchObject(failure('not_allowed'));
    const forbidden = run(wanting(), giving(), { decision: { status: 'not_allowed' } });
    expect(last(forbidden.initiator)).toMatchObject(failure('not_allowed'));
  });

  it('is only given a name of its host', () => {
    const acceptor = giving();
    acceptor.handleBytes(encodeHandshake({ kind: 'name', ...ann, name: 'host', flags: -1n }));
    const invalid = expect.objectContaining({ code: 'invalid_name' });
    for (const name of ['x@other', 'x@y@host', '@host', 'host'])
      expect(() => acceptor.decide({ ...given, name })).toThrow(invalid);
    expect(() => acceptor.decide({ status: 'ok', cookie })).toThrow(
      expect.objectContaining({ code: 'unasked' }),
    );
    acceptor.decide(given);
    const initiator = wanting();
    initiator.pollOutput();
    initiator.handleBytes(encodeHandshake({ kind: 'named', name: 'x@other', creation: 1 }));
    expect(initiator.pollOutput()).toMatchObject(failure('invalid_name'));
  });

  it('takes no other status than a name, and another node takes none', () => {
    for (const [handshake, message] of [
      [wanting(), { kind: 'status', status: 'ok' }],
      [wanting(), { kind: 'status', status: 'alive' }],
      [pair().initiator, { kind: 'named', name: 'x@host', creation: 1 }],
    ] as const) {
      handshake.pollOutput();
      handshake.handleBytes(encodeHandshake(message));
      expect(handshake.pollOutput()).toMatchObject(failure('malformed'));
    }
  });

  it('says its host alone, which is no name', () => {
    for (const name of ['', 'undefined@host'])
      expect(wanting({ name }).pollOutput()).toMatchObject(failure('invalid_name'));
  });
});

describe('mutated handshakes', () => {
  const messages = (() => {
    const { initiator, acceptor } = pair();
    const said = run(initiator, acceptor);
    const named = encodeHandshake({ kind: 'named', name: 'R4ND0M@host', creation: 77 });
    return [...said.initiator, ...said.acceptor]
      .flatMap((one) => (one.kind === 'send' ? [one.bytes] : []))
      .concat(named);
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
    const decide = (local: string, remote: string) => decideSimultaneous({ local, remote, isDialling: true });
    expect(decide('a@h', 'b@h')).toBe('ok_simultaneous');
    expect(decide('b@h', 'a@h')).toBe('nok');
    expect(decide('a@h', 'a@hh')).toBe('ok_simultaneous');
    expect(decide('\u{ffff}@h', '\u{10000}@h')).toBe('ok_simultaneous');
    expect(decideSimultaneous({ local: 'b@h', remote: 'a@h', isDialling: false })).toBe('ok');
  });
});

describe('flags', () => {
  it('are those that OTP 29 sends, with all that OTP 25 to 29 demand', () => {
    // erl: erts_internal:get_dflags(), the first two fields; OTP 25, 27 and 29.
    const demanded = [0x1070f94n, 0x403070f94n, 0x403070f94n];
    const sent = [0xd07df7fbcn, 0xd07df7fbcn, 0x6d07df7fbcn];
    expect(supportedFlags).toBe(sent[2]);
    for (const flags of demanded) expect(requiredFlags & flags).toBe(flags);
    for (const flags of sent) expect(flags & requiredFlags).toBe(requiredFlags);
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
