import { randomBytes } from 'node:crypto';
import { identityFromSeed } from '@macula/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed();
});
afterEach(() => bed.close());

function states(relay: RunningRelay): string[] {
  return relay
    .status()
    .peers.map(({ url, state, chosen }) => `${url ?? 'in'} ${state}${chosen ? ' chosen' : ''}`);
}

async function isReached(from: number, to: number): Promise<void> {
  const a = await bed.agent(from, { names: [`a${randomBytes(4).toString('hex')}@x`] });
  const name = `b${randomBytes(4).toString('hex')}@x`;
  const b = await bed.agent(to, { names: [name] });
  const opened = a.open(name);
  (await b.accept()).accept();
  await opened.first('open_ok');
}

describe('peering', () => {
  it('comes back after the other relay was away', async () => {
    const first = await bed.relay(1);
    const second = await bed.relay(2, { peers: ['https://relay:1'] });
    await until(() => second.status().peers[0]?.state === 'connected', 'the peering');
    await first.close();
    await until(() => second.status().peers[0]?.state === 'waiting', 'the loss');
    await bed.relay(1);
    await until(() => second.status().peers[0]?.state === 'connected', 'the peering again');
    await isReached(2, 1);
    await isReached(1, 2);
  });

  it('uses one of two connections, the same at both ends, and falls over to the other', async () => {
    const relays = [
      await bed.relay(1, { peers: ['https://relay:2'] }),
      await bed.relay(2, { peers: ['https://relay:1'] }),
    ];
    const all = () => relays.map(states);
    await until(
      () => all().every((list) => list.length === 2 && list.every((s) => s.includes('connected'))),
      'both',
    );
    for (const list of all()) expect(list.filter((state) => state.endsWith('chosen'))).toHaveLength(1);
    const dialledIsChosen = all().map((list) => list[0]!.endsWith('chosen'));
    expect(dialledIsChosen[0]).not.toBe(dialledIsChosen[1]);
    await isReached(1, 2);
    await isReached(2, 1);
  });

  it('of a restarted relay replaces its former life at once, also when that died without a word', async () => {
    const seed = randomBytes(32);
    const first = await bed.relay(1);
    await bed.relay(2, { peers: ['https://relay:1'] }, { seed });
    await until(() => states(first).length === 1, 'the peering');
    bed.network.partition('host1', 'host2'); // as kill -9 does: nothing is heard any more, nothing says so
    const again = await bed.relay(3, { peers: ['https://relay:1'] }, { seed });
    await until(() => again.status().peers[0]?.state === 'connected', 'the peering again');
    expect(states(first)).toEqual(['in connected chosen']);
    await isReached(1, 3);
  });

  it('with itself ends with self_connection and is not tried again', async () => {
    const relay = await bed.relay(1, { peers: ['https://relay:1'] });
    await until(() => relay.status().peers[0]?.state === 'self', 'self');
    expect(states(relay)).toEqual(['https://relay:1 self']);
    expect(relay.metrics()).toContain('macula_relay_peers 0');
  });

  it('needs an admitted identity at both ends, by list or by pin', async () => {
    const seeds = [randomBytes(32), randomBytes(32)];
    const ids = seeds.map((seed) => identityFromSeed(seed).id);
    const stranger = identityFromSeed(randomBytes(32)).id;
    await bed.relay(1, { peerIdentities: [ids[1]!] }, { seed: seeds[0]! });
    const pinned = await bed.relay(
      2,
      { peers: [`https://relay:1#id=${ids[0]}`], peerIdentities: [stranger] },
      { seed: seeds[1]! },
    );
    await until(() => pinned.status().peers[0]?.state === 'connected', 'the pinned peering');
    const wrongPin = await bed.relay(3, { peers: [`https://relay:1#id=${stranger}`] }, { seed: seeds[1]! });
    const unlisted = await bed.relay(
      4,
      { peers: ['https://relay:1'], peerIdentities: [stranger] },
      { seed: seeds[1]! },
    );
    const unwanted = await bed.relay(5, { peers: ['https://relay:1'] });
    for (const relay of [wrongPin, unlisted, unwanted]) {
      await until(() => relay.status().peers[0]?.state === 'waiting', 'the refusal');
    }
    expect(pinned.status().peers).toMatchObject([{ state: 'connected', id: ids[0] }]);
  });

  it('needs the mesh secret at both ends where no key is allowed, and then only that', async () => {
    const [secret, other] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
    const first = await bed.relay(1, {}, { meshSecret: secret });
    const knows = await bed.relay(2, { peers: ['https://relay:1'] }, { meshSecret: secret });
    await until(() => knows.status().peers[0]?.state === 'connected', 'the peering');
    const guesses = await bed.relay(3, { peers: ['https://relay:1'] }, { meshSecret: other });
    const knowsNone = await bed.relay(4, { peers: ['https://relay:1'] });
    for (const relay of [guesses, knowsNone]) {
      await until(() => relay.status().peers[0]?.state === 'waiting', 'the refusal');
    }
    expect(first.status().peers.map(({ id }) => id)).toEqual([knows.id]);
    expect(first.metrics()).toContain('macula_relay_hellos_refused_total{code="not_a_relay"}');
  });

  it('admits by key or by mesh secret where both are set', async () => {
    const secret = randomBytes(32).toString('base64url');
    const seed = randomBytes(32);
    const allowed = identityFromSeed(seed).id;
    const first = await bed.relay(1, { peerIdentities: [allowed] }, { meshSecret: secret });
    const peers = [`https://relay:1#id=${first.id}`];
    const byKey = await bed.relay(2, { peers }, { seed });
    const bySecret = await bed.relay(3, { peers }, { meshSecret: secret });
    for (const relay of [byKey, bySecret]) {
      await until(() => relay.status().peers[0]?.state === 'connected', 'the peering');
    }
    const neither = await bed.relay(4, { peers });
    await until(() => neither.status().peers[0]?.state === 'waiting', 'the refusal');
  });

  it('routes round a relay that two others cannot cross directly', async () => {
    await bed.relay(1);
    const middle = await bed.relay(2, { peers: ['https://relay:1'] });
    const third = await bed.relay(3, { peers: ['https://relay:2'] });
    await until(() => middle.status().peers[0]?.state === 'connected', 'the first peering');
    await until(() => third.status().peers[0]?.state === 'connected', 'the second peering');
    await isReached(1, 3);
    await isReached(3, 1);
  });
});
