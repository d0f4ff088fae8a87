import { randomBytes } from 'node:crypto';
import { Mesh, MeshError } from '@macula/client';
import { type Identity, identityFromSeed } from '@macula/crypto';
import {
  type CertificatePair,
  createMemoryNetwork,
  createTlsTransport,
  makeDevCertificate,
  parseRelayUrl,
  type RelayUrl,
  type Transport,
} from '@macula/transport';
import { HelloDialer, HelloListener, type Message, type Proof, type SessionRole } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRelayConfig } from '../config.js';
import { type RunningRelay, startRelay } from '../relay.js';
import { RawDialer } from '../testing/raw-dialer.js';
import { type MiddleHandlers, RelayInTheMiddle } from '../testing/relay-in-the-middle.js';
import { until } from '../testing/until.js';

/** Where relays, the one in the middle and agents are. */
interface World {
  readonly host: string;
  readonly scheme: string;
  /** For one party. */
  transport(): Transport;
}

const worlds: Readonly<Record<string, () => World>> = {
  memory: () => {
    const network = createMemoryNetwork();
    let hosts = 0;
    return { host: 'relay', scheme: 'https', transport: () => network.transport(`host${++hosts}`) };
  },
  tls: () => ({ host: '127.0.0.1', scheme: 'tls', transport: () => createTlsTransport() }),
};

describe.each(Object.keys(worlds))('over %s, under tls_verify none', (name) => {
  let world: World;
  let relay: RunningRelay;
  let transports: Transport[];
  let closers: (() => Promise<void>)[];
  beforeEach(async () => {
    world = worlds[name]!();
    transports = [];
    closers = [];
    relay = await startTrueRelay();
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    await Promise.all(transports.map((transport) => transport.close()));
  });

  const transport = (): Transport => {
    const made = world.transport();
    transports.push(made);
    return made;
  };
  const url = (port: number, fragment = ''): RelayUrl =>
    parseRelayUrl(`${world.scheme}://${world.host}:${port}${fragment}`);
  const portOf = (running: RunningRelay): number => running.listen[0]!.port;
  const certificate = (): Promise<CertificatePair> =>
    makeDevCertificate({ names: ['localhost'], ips: ['127.0.0.1'], days: 1 });

  async function startTrueRelay(): Promise<RunningRelay> {
    const input = { listen: `${world.host}:0`, open: true, logLevel: 'silent', drainGraceMs: 0 };
    const secrets = { seed: randomBytes(32), certificate: await certificate() };
    const running = await startRelay(parseRelayConfig(input), { transports: [transport()], secrets });
    closers.push(() => running.close());
    return running;
  }

  async function middle(handlers: MiddleHandlers = {}): Promise<{ middle: RelayInTheMiddle; port: number }> {
    const onward = transport();
    const dialRelay = () => onward.dial({ url: url(portOf(relay)), tlsVerify: 'none' });
    const at = { host: world.host, port: 0, certificate: await certificate() };
    return RelayInTheMiddle.listen(transport(), at, { dialRelay, handlers });
  }

  /** A real agent's session; resolves with its relay's id, or why it was refused. */
  async function joined(to: RelayUrl): Promise<{ relayId: string | undefined } | { code: string }> {
    const mesh = new Mesh({
      transport: transport(),
      relays: [to],
      realm: 'io.macula',
      label: 'agent',
      tlsVerify: 'none',
      identity: identityFromSeed(randomBytes(32)),
      bootId: randomBytes(16),
      names: ['a@x'],
      netTicktime: 60,
      onEvent: () => {},
      onIncoming: () => {},
    });
    closers.push(() => mesh.close('shutdown'));
    mesh.start();
    try {
      await mesh.joined();
      return { relayId: mesh.status().relays[0]?.relayId };
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(MeshError);
      expect((thrown as MeshError).code).toBe('refused');
      return { code: (thrown as MeshError).wireCode };
    }
  }

  const refused = (code: string): Promise<boolean> =>
    until(
      () => relay.metrics().includes(`macula_relay_hellos_refused_total{code="${code}"} 1\n`),
      `the relay to refuse with ${code}`,
    );
  const nobodyIsIn = (): void => expect(relay.status().sessions).toEqual([]);

  function dialerFor(raw: RawDialer, more: { identity?: Identity; role?: SessionRole } = {}): HelloDialer {
    const { identity = identityFromSeed(randomBytes(32)), role = 'agent' } = more;
    return new HelloDialer({
      role,
      realm: role === 'agent' ? 'io.macula' : '',
      names: role === 'agent' ? ['a@x'] : [],
      identity,
      bootId: randomBytes(16),
      sessionSeq: 1,
      nonce: randomBytes(32),
      label: '',
      certificateSha256: raw.connection.certificateSha256,
      identityPin: undefined,
    });
  }

  const dialRelay = (): Promise<RawDialer> => RawDialer.dial(transport(), url(portOf(relay)));

  it('a direct agent joins, with the id of its relay pinned', async () => {
    expect(await joined(url(portOf(relay), `#id=${relay.id}`))).toEqual({ relayId: relay.id });
  });

  it.each(['', 'pinned'])('who passes everything on is found out at both ends %s', async (pin) => {
    const { port } = await middle();
    const to = url(port, pin === '' ? '' : `#id=${relay.id}`);
    expect(await joined(to)).toEqual({ code: 'channel_binding_mismatch' });
    await refused('channel_binding_mismatch');
    nobodyIsIn();
  });

  it.each(['', 'pinned'])("who writes the relay's certificate into HELLO gets no proof %s", async (pin) => {
    const relaysCertificate = (await dialRelay()).connection.certificateSha256;
    const { middle: m, port } = await middle({
      onMessage: (message, _from, pair) => {
        if (message.kind !== 'hello') return false;
        pair.toRelay({ ...message, certificate: relaysCertificate });
        return true;
      },
    });
    expect(await joined(url(port, pin === '' ? '' : `#id=${relay.id}`))).toEqual({ code: 'bad_signature' });
    expect(m.seen.map(({ message }) => message.kind)).not.toContain('proof');
    nobodyIsIn();
  });

  it('who then answers with a proof of his own, or the reflected CHALLENGE, is refused by the relay', async () => {
    const relaysCertificate = (await dialRelay()).connection.certificateSha256;
    const { port } = await middle({
      onMessage: (message, from, pair) => {
        if (message.kind === 'hello') pair.toRelay({ ...message, certificate: relaysCertificate });
        else if (message.kind === 'challenge')
          pair.toRelay({ kind: 'proof', signature: message.signature, claim: message.signature });
        return from === 'agent' || message.kind === 'challenge';
      },
    });
    expect(await joined(url(port))).toEqual({ code: 'bad_signature' });
    await refused('bad_signature');
    nobodyIsIn();
  });

  it.each(['agent', 'relay'] as const)(
    'a recorded HELLO and PROOF of an %s are worth nothing later',
    async (role) => {
      const first = await dialRelay();
      const dialer = dialerFor(first, { role });
      first.send(dialer.hello);
      const proof = dialer.handleChallenge(await first.next('challenge'));
      first.send(proof);
      await first.next('welcome');
      first.connection.close(0, '');
      await until(() => relay.status().sessions.length + relay.status().peers.length === 0, 'the end');
      for (const isAtOnce of [false, true]) {
        const again = await dialRelay();
        again.send(...(isAtOnce ? [dialer.hello, proof] : [dialer.hello]));
        await again.next('challenge');
        if (!isAtOnce) again.send(proof);
        expect(await again.next('goodbye')).toMatchObject({ code: 'bad_signature' });
      }
      expect(relay.status()).toMatchObject({ sessions: [], peers: [] });
    },
  );

  it.each(['agent', 'relay'] as const)(
    "the relay's own signature is no proof of who pretends to be it, as %s",
    async (role) => {
      const raw = await dialRelay();
      const { hello } = dialerFor(raw, { role });
      const identity = Uint8Array.from(Buffer.from(relay.id, 'base64url'));
      raw.send({ ...hello, identity });
      const { signature } = await raw.next('challenge');
      raw.send({ kind: 'proof', signature, claim: signature });
      expect(await raw.next('goodbye')).toMatchObject({ code: 'bad_signature' });
      expect(relay.status()).toMatchObject({ sessions: [], peers: [] });
    },
  );

  it('proofs of two sessions at a time do not fit each other, also of one identity', async () => {
    const identity = identityFromSeed(randomBytes(32));
    const open = async (): Promise<{ raw: RawDialer; proof: Proof }> => {
      const raw = await dialRelay();
      const dialer = dialerFor(raw, { identity });
      raw.send(dialer.hello);
      return { raw, proof: dialer.handleChallenge(await raw.next('challenge')) };
    };
    const [a, b, c] = [await open(), await open(), await open()];
    a.raw.send(b.proof);
    b.raw.send(a.proof);
    c.raw.send(c.proof);
    for (const { raw } of [a, b]) expect(await raw.next('goodbye')).toMatchObject({ code: 'bad_signature' });
    await c.raw.next('welcome');
  });

  describe('a relay of the attacker', () => {
    it('is not the one that is pinned: id_mismatch, and nothing is proven to it', async () => {
      const false_ = await startTrueRelay();
      expect(await joined(url(portOf(false_), `#id=${relay.id}`))).toEqual({ code: 'id_mismatch' });
      expect(false_.status().sessions).toEqual([]);
    });

    it("can't show the pinned id without its key", async () => {
      const { port } = await middle({
        onMessage: (message, _from, pair) => {
          if (message.kind === 'hello') pair.toAgent(forgedChallenge(message));
          return true;
        },
      });
      expect(await joined(url(port, `#id=${relay.id}`))).toEqual({ code: 'bad_signature' });
    });

    /** Signed with the attacker's key, in the relay's name. */
    function forgedChallenge(hello: Extract<Message, { kind: 'hello' }>): Message {
      const listener = new HelloListener({
        identity: identityFromSeed(randomBytes(32)),
        bootId: randomBytes(16),
        nonce: randomBytes(32),
        certificateSha256: hello.certificate,
      });
      const identity = Uint8Array.from(Buffer.from(relay.id, 'base64url'));
      return { ...listener.handleHello(hello), identity };
    }

    it('is as good as any to an agent that pins nothing; what the agent proves there opens nothing elsewhere', async () => {
      const false_ = await startTrueRelay();
      expect(await joined(url(portOf(false_)))).toEqual({ relayId: false_.id });
      expect(false_.status().sessions).toMatchObject([{ names: ['a@x'] }]);

      // The same agent's words to the false relay, played to the true one.
      const raw = await RawDialer.dial(transport(), url(portOf(false_)));
      const dialer = dialerFor(raw);
      raw.send(dialer.hello);
      const proof = dialer.handleChallenge(await raw.next('challenge'));
      for (const isRewritten of [false, true]) {
        const there = await dialRelay();
        const { certificateSha256 } = there.connection;
        there.send(isRewritten ? { ...dialer.hello, certificate: certificateSha256 } : dialer.hello);
        if (isRewritten) {
          await there.next('challenge');
          there.send(proof);
        }
        const code = isRewritten ? 'bad_signature' : 'channel_binding_mismatch';
        expect(await there.next('goodbye')).toMatchObject({ code });
      }
      nobodyIsIn();
    });
  });
});
