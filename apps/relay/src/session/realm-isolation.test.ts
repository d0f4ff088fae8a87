import { identityFromSeed } from '@macula/crypto';
import { SeededRandom, seedsOf } from '@macula/testkit';
import { codeNumber, encodeMessage, type Message, type Open, type OpenFailed } from '@macula/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import type { TestAgent } from '../testing/test-agent.js';
import { TestBed } from '../testing/test-bed.js';
import { TestStream } from '../testing/test-stream.js';
import { until } from '../testing/until.js';

/** The attacker's realm, and the one that it shall not notice, nor be noticed in. */
const [own, other] = ['realm-of-the-attacker', 'realm-of-the-others'];
const seeds = seedsOf(process.env, 3);

let bed: TestBed;
let relays: RunningRelay[];
/** Nodes of the other realm: one at each relay. */
let others: TestAgent[];
beforeEach(async () => {
  bed = new TestBed();
  relays = [await bed.relay(1), await bed.relay(2, { peers: ['https://relay:1'] })];
  await until(() => relays.every((relay) => relay.status().peers[0]?.state === 'connected'), 'the peering');
  others = [
    await bed.agent(1, { realm: other, names: ['near@others'] }),
    await bed.agent(2, { realm: other, names: ['far@others'] }),
  ];
});
afterEach(() => bed.close());

/** A relay that only looks: it answers each OPEN as one that has no such node. */
class WatchingPeer {
  readonly opens: Open[] = [];

  static async join(port: number): Promise<WatchingPeer> {
    const peer = await bed.agent(port, { role: 'relay' });
    const watching = new WatchingPeer();
    peer.streams.push = (...streams) => {
      for (const stream of streams) void watching.#answer(stream);
      return 0;
    };
    return watching;
  }

  async #answer(stream: TestStream): Promise<void> {
    this.opens.push(await stream.first('open'));
    stream.stream.write(encodeMessage({ kind: 'open_failed', code: 'not_here', text: '' }));
    stream.stream.end();
  }
}

describe('an OPEN of one realm', () => {
  /** What an agent may try to find out about another realm, and two names that really are nowhere. */
  const attempts: readonly (readonly [what: string, to: string, more: Partial<Open>])[] = [
    ['an unknown name', 'nobody@nowhere', {}],
    ['a name of the other realm at this relay', 'near@others', {}],
    ['a name of the other realm at another relay', 'far@others', {}],
    ['the other realm and its name here', 'near@others', { realm: other }],
    ['the other realm and its name elsewhere', 'far@others', { realm: other }],
    ['the other realm and an unknown name', 'nobody@nowhere', { realm: other }],
    ['the other realm and a name of the own', 'attacker@own', { realm: other }],
    ['a realm that does not exist', 'near@others', { realm: 'no such realm' }],
    // Not one of the names above: what no relay knew is not asked again at once.
    ["a name of the other realm as one's own", 'nobody@anywhere', { from: 'far@others' }],
  ];

  it('gets one answer for all that it may not know, after the same work at every relay', async () => {
    const peers = [await WatchingPeer.join(1), await WatchingPeer.join(1)];
    const attacker = await bed.agent(1, { realm: own, names: ['attacker@own'] });
    const answers: OpenFailed[] = [];
    const work: unknown[] = [];
    for (const [, to, more] of attempts) {
      for (const peer of peers) peer.opens.length = 0;
      answers.push(await attacker.open(to, more).first('open_failed'));
      work.push(
        peers.map(({ opens }) =>
          opens.map(({ realm, visited, hopsLeft, offer }) => [realm, visited.length, hopsLeft, offer.length]),
        ),
      );
    }
    const [first] = answers;
    expect(first).toMatchObject({ kind: 'open_failed', code: 'not_found' });
    // Two watching peers and the other relay are visited besides the attacker's own; nobody hears of the other realm.
    expect(work[0]).toEqual([[[own, 4, 1, 100]], [[own, 4, 1, 100]]]);
    for (const [index, [what]] of attempts.entries()) {
      expect(answers[index], what).toEqual(first);
      expect(work[index], what).toEqual(work[0]);
    }
  });

  it('is refused for a name of another identity in its own realm alone', async () => {
    const attacker = await bed.agent(1, { realm: own, names: ['attacker@own'] });
    await bed.agent(1, { realm: own, names: ['friend@own'] });
    const asOf = async (from: string) => {
      const { code } = await attacker.open('nobody@own', { from }).first('open_failed');
      return code;
    };
    expect(await asOf('friend@own')).toBe('name_taken');
    expect(await asOf('near@others')).toBe('not_found');
  });
});

describe('an agent that watches', () => {
  it('hears of its own realm alone, at both relays, whoever comes and goes in the other', async () => {
    const watching = [
      await bed.agent(1, { realm: own, names: ['one@own'] }),
      await bed.agent(2, { realm: own, names: ['two@own'] }),
    ];
    await until(() => relays.every((relay) => namesIn(relay, own) === 2), 'both names at both relays');
    for (const agent of watching) agent.send({ kind: 'watch', on: true });
    await until(() => watching.every((agent) => agent.message('presence')), 'the lists');
    const late = await bed.agent(1, { realm: other, names: ['late@others'] });
    others[0]!.changeNames({ request: 1, add: ['new@others'], remove: ['near@others'] });
    late.connection.close(0, '');
    // The last thing to happen is what both hear of, so that all before it was not told.
    await bed.agent(2, { realm: own, names: ['last@own'] });
    await until(() => watching.every((agent) => toldTo(agent).includes('last@own')), 'the last name');
    for (const agent of watching) expect(toldTo(agent).sort()).toEqual(['last@own', 'one@own', 'two@own']);
    for (const node of others) expect(node.message('presence')).toBeUndefined();
  });
});

function namesIn(relay: RunningRelay, realm: string): number | undefined {
  return relay.status().realms.find((one) => one.realm === realm)?.names;
}

function toldTo(agent: TestAgent): string[] {
  return agent.messages.flatMap((message) =>
    message.kind === 'presence' ? [...message.joined, ...message.left] : [],
  );
}

/** Anything that an agent may send once it is in, and some that it may not. */
class Fuzzer {
  readonly #random: SeededRandom;
  #claimed = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** One step; the attacker may be out afterwards. */
  step(attacker: TestAgent): void {
    const random = this.#random;
    switch (random.integer(8)) {
      case 0:
        this.#claimed++;
        attacker.changeNames({
          request: random.integer(5),
          add: [this.#name(), this.#name()],
          remove: [this.#name()],
        });
        return;
      case 1:
        attacker.send(this.#message());
        return;
      case 2:
        attacker.connection.openStream().write(random.bytes(1 + random.integer(200)));
        return;
      case 3: {
        const stream = new TestStream(attacker.connection.openStream());
        stream.stream.write(encodeMessage(this.#message()));
        if (random.chance(0.5)) stream.stream.reset(random.integer(50));
        return;
      }
      default: {
        const stream = attacker.open(this.#name(), this.#open(), random.bytes(random.integer(50)));
        if (random.chance(0.2)) stream.stream.reset(codeNumber('ok'));
      }
    }
  }

  #name(): string {
    return this.#random.pick([
      'near@others',
      'far@others',
      'attacker@own',
      'nobody@nowhere',
      `x${this.#claimed % 20}@own`,
      `\0${other}\0near@others`,
      'é@others',
    ]);
  }

  #open(): Partial<Open> {
    const random = this.#random;
    const relayIds = relays.map(({ id }) => Buffer.from(id, 'base64url'));
    return {
      realm: random.pick([own, other, `${other}\0`, other.toUpperCase(), 'x']),
      from: random.pick(['near@others', 'far@others', 'attacker@own', 'x']),
      visited: Array.from({ length: random.integer(4) }, () => random.pick([random.bytes(32), ...relayIds])),
      hopsLeft: random.integer(256),
      offer: random.bytes(random.integer(300)),
      exclude: Array.from({ length: random.integer(9) }, () => random.bytes(16)),
      ...(random.chance(0.5) ? { source: random.bytes(32) } : {}),
      ...(random.chance(0.3) ? { pathId: new Uint8Array(16) } : {}),
    };
  }

  /** Most of these end the session that sends them. */
  #message(): Message {
    const random = this.#random;
    return random.pick<Message>([
      { kind: 'ping', number: random.integer(1000) },
      { kind: 'pong', number: random.integer(1000) },
      { kind: 'former_gone' },
      { kind: 'watch', on: random.chance(0.8) },
      { kind: 'presence', whole: true, more: false, joined: [this.#name()], left: ['near@others'] },
      { kind: 'names_done', request: 1, taken: ['near@others'] },
      { kind: 'welcome', label: other },
      { kind: 'renew' },
      { kind: 'goodbye', code: 'replaced', text: 'near@others' },
      { kind: 'open_ok', answer: random.bytes(20) },
      { kind: 'open_failed', code: 'not_found', text: other },
      {
        kind: 'names',
        request: 1,
        add: ['near@others'],
        remove: ['far@others'],
        claimSeq: 1,
        claim: random.bytes(64),
      },
    ]);
  }
}

describe.each(seeds)('fuzzing by an agent of another realm, seed %i', (seed) => {
  it('shows nothing to the others, and nothing of them in answers and figures', async () => {
    const random = new SeededRandom(seed);
    const identity = identityFromSeed(random.bytes(32));
    const fuzzer = new Fuzzer(random.fork());
    const seen: Message[] = [];
    let session = 0;
    const join = async (): Promise<TestAgent> => {
      const names = random.chance(0.3) ? ['near@others', 'far@others'] : ['attacker@own'];
      return bed.agent(1 + random.integer(2), { realm: own, names, identity, sessionSeq: ++session });
    };
    let attacker = await join();
    for (let step = 0; step < 400; step++) {
      fuzzer.step(attacker);
      if (step % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (attacker.closed === undefined) continue;
      seen.push(...attacker.messages);
      attacker = await join();
    }
    attacker.send({ kind: 'ping', number: 424_242 });
    await until(() => attacker.message('pong')?.number === 424_242 || attacker.closed, 'the last answer');
    seen.push(...attacker.messages);

    // The others: nothing but their own life.
    for (const node of others) {
      expect(node.closed).toBeUndefined();
      expect(node.streams).toEqual([]);
      expect(node.messages.map(({ kind }) => kind)).toEqual(['challenge', 'welcome']);
      node.send({ kind: 'ping', number: 7 });
      await until(() => node.message('pong'), 'PONG');
    }
    const theirs = relays.flatMap((relay) => relay.status().sessions.filter(({ realm }) => realm === other));
    expect(theirs.map(({ names }) => names)).toEqual([['near@others'], ['far@others']]);
    const tunnel = others[0]!.open('far@others');
    (await others[1]!.accept()).accept();
    await tunnel.first('open_ok');

    // The attacker: no name was ever taken by somebody of the other realm.
    for (const message of seen) if (message.kind === 'names_done') expect(message.taken).toEqual([]);
    const texts = seen.flatMap((message) => ('text' in message ? [message.text] : []));
    for (const text of texts) expect(text).not.toMatch(/others/);

    // Figures: labels of a closed set, and nobody's realm, name or identity.
    for (const relay of relays) {
      const metrics = relay.metrics();
      expect(metrics).toContain('macula_relay_opens_total');
      for (const secret of [
        own,
        other,
        'others',
        'attacker',
        identity.id,
        ...theirs.map((one) => one.identity),
      ])
        expect(metrics).not.toContain(secret);
      const labels = [...metrics.matchAll(/[{,]([a-z_]+)="/g)].map((match) => match[1]);
      expect(['code', 'role', 'state', 'transport']).toEqual(expect.arrayContaining([...new Set(labels)]));
    }
  });
});
