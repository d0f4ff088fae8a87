import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSeed } from '@macula/crypto';
import { claimBytes, encodeMessage as encodeSwim } from '@macula/swim';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningRelay } from '../relay.js';
import { TestBed } from '../testing/test-bed.js';
import { until } from '../testing/until.js';
import { encodeMetadata } from './metadata.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed();
});
afterEach(() => bed.close());

/** Relay N is found at relay:N. */
const at = (port: number, peers: readonly number[]) => ({
  advertise: `https://relay:${port}`,
  peers: peers.map((peer) => `https://relay:${peer}`),
});
const relay = (port: number, peers: readonly number[], parts: Parameters<TestBed['relay']>[2] = {}) =>
  bed.relay(port, at(port, peers), parts);
const peersOf = (one: RunningRelay) =>
  new Set(
    one
      .status()
      .peers.filter(({ state }) => state === 'connected')
      .map(({ id }) => id),
  );
const stateAt = (one: RunningRelay, other: RunningRelay) =>
  one.status().members.find(({ id }) => id === other.id)?.state;
const isFullMesh = (relays: readonly RunningRelay[]) =>
  relays.every((one) => relays.every((other) => one === other || peersOf(one).has(other.id)));

describe('relays that know one seed', () => {
  it('become a full mesh, and know each other', async () => {
    const relays = [await relay(1, [])];
    for (const port of [2, 3, 4, 5]) relays.push(await relay(port, [1]));
    await until(() => isFullMesh(relays), 'the full mesh');
    const isAlive = ({ state }: { readonly state: string }) => state === 'alive';
    const knowsAll = (one: RunningRelay) =>
      one.status().members.length === 4 && one.status().members.every(isAlive);
    await until(() => relays.every(knowsAll), 'everybody being alive to all');
  });

  it('do so although the seed comes last', async () => {
    const relays = [await relay(2, [1]), await relay(3, [1])];
    relays.push(await relay(1, []));
    await until(() => isFullMesh(relays), 'the full mesh', 12_000);
  }, 15_000);

  it('stay one when the seed is gone for good, and take in who knows another one', async () => {
    const seed = await relay(1, []);
    const relays = [await relay(2, [1]), await relay(3, [1])];
    await until(() => isFullMesh([seed, ...relays]), 'the full mesh');
    await seed.close();
    await until(() => relays.every((one) => stateAt(one, seed) === 'left'), 'the goodbye');
    relays.push(await relay(4, [2]));
    await until(() => isFullMesh(relays), 'the full mesh without the seed');
  });
});

it('a relay that advertises nothing dials the others', async () => {
  const relays = [await relay(1, []), await relay(2, [1])];
  relays.push(await bed.relay(3, { peers: ['https://relay:1'] }));
  await until(() => isFullMesh(relays), 'the full mesh', 8_000);
  expect(relays[0]!.status().members.find(({ id }) => id === relays[2]!.id)?.url).toBeNull();
});

it('a relay that dies without a word is dead to all, and comes back with the same identity', async () => {
  const seed = randomBytes(32);
  const relays = [await relay(1, []), await relay(2, [1])];
  const mortal = await relay(3, [1], { seed });
  await until(() => isFullMesh([...relays, mortal]), 'the full mesh');
  for (const host of ['host1', 'host2']) bed.network.partition('host3', host);
  await until(() => relays.every((one) => stateAt(one, mortal) === 'dead'), 'the death', 12_000);
  const again = await bed.relay(4, { advertise: 'https://relay:4', peers: ['https://relay:1'] }, { seed });
  await until(() => isFullMesh([...relays, again]), 'the full mesh again');
  for (const one of relays) expect(stateAt(one, again)).toBe('alive');
}, 20_000);

it('a draining relay says so', async () => {
  const [one, other] = [await relay(1, []), await relay(2, [1])];
  await until(() => stateAt(one, other) === 'alive', 'the member');
  await bed.agent(2, { names: ['a@x'] }); // for which it waits
  const drained = other.drain();
  await until(() => one.status().members[0]?.draining === true || stateAt(one, other) === 'left', 'the word');
  await drained;
  await until(() => stateAt(one, other) === 'left', 'the goodbye');
});

it('a peer whose message can not be read is closed, an agent that takes part as well', async () => {
  await relay(1, []);
  for (const role of ['relay', 'agent'] as const) {
    const impostor = await bed.agent(1, { role });
    impostor.send({ kind: 'swim', message: Uint8Array.of(99) });
    await impostor.gone();
    expect(impostor.message('goodbye')).toMatchObject({ code: 'protocol_error' });
  }
});

it('a relay that proves nothing is not let in because a member names its id and address', async () => {
  const meshSecret = Buffer.alloc(32, 1).toString('base64url');
  const [seeds, liar] = [[randomBytes(32), randomBytes(32)], identityFromSeed(randomBytes(32))];
  const mesh = [
    await relay(1, [], { seed: seeds[0]!, meshSecret }),
    await relay(2, [1], { seed: seeds[1]!, meshSecret }),
  ];
  await until(() => isFullMesh(mesh), 'the peering');
  const stranger = await bed.relay(3, { advertise: 'none' });
  // An admitted relay that lies can't speak for the stranger, so it tells of a relay of its own making that lives there.
  const peer = await bed.agent(1, { role: 'relay', identity: liar, meshSecret: Buffer.alloc(32, 1) });
  const claim = {
    id: liar.id,
    incarnation: 1,
    status: 'alive' as const,
    metadata: encodeMetadata({ url: 'https://relay:3', label: '' }),
  };
  const signature = liar.sign(claimBytes(claim));
  const [message] = encodeSwim(
    { kind: 'join', gossip: [{ claim: { ...claim, signature }, state: 'alive' }] },
    2048,
  );
  peer.send({ kind: 'swim', message: message! });
  await until(() => mesh[1]!.status().peers.some(({ url }) => url === 'https://relay:3'), 'the dial');
  await until(
    () => mesh[1]!.status().peers.some(({ url, state }) => url === 'https://relay:3' && state === 'waiting'),
    'the refusal',
  );
  expect(stranger.status().peers).toEqual([]);
  expect(
    mesh[1]!
      .status()
      .peers.filter(({ state }) => state === 'connected')
      .map(({ id }) => id),
  ).toEqual([mesh[0]!.id]);
});

it('a member whose key is removed from the list is forgotten, loses its peering and is dialled no more', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'macula-members-'));
  try {
    const accessFile = join(directory, 'access.json');
    const seeds = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const ids = seeds.map((seed) => identityFromSeed(seed).id);
    const put = (relays: readonly string[]): void => {
      writeFileSync(`${accessFile}.new`, JSON.stringify({ relays }), { mode: 0o600 });
      renameSync(`${accessFile}.new`, accessFile);
    };
    put(ids);
    const relays: RunningRelay[] = [];
    for (const [index, seed] of seeds.entries())
      relays.push(
        await bed.relay(index + 1, { ...at(index + 1, index === 0 ? [] : [1]), accessFile }, { seed }),
      );
    await until(() => isFullMesh(relays), 'the full mesh');
    put(ids.slice(0, 2));
    const [one, other, outcast] = relays as [RunningRelay, RunningRelay, RunningRelay];
    await until(
      () =>
        [one, other].every(
          (relay) => stateAt(relay, outcast) === undefined && !peersOf(relay).has(outcast.id),
        ),
      'its end',
    );
    expect(one.status().peers.map(({ url }) => url)).not.toContain('https://relay:3');
    expect(stateAt(one, other)).toBe('alive');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('a relay that starts again finds its mesh by those it saw before, when its seed is gone for good', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'macula-cache-'));
  try {
    const [seed, identity] = [await relay(1, []), randomBytes(32)];
    const other = await relay(2, [1]);
    const settings = { ...at(3, [1]), dataDir: directory };
    const first = await bed.relay(3, settings, { seed: identity });
    await until(() => isFullMesh([seed, other, first]), 'the full mesh');
    await first.close();
    await seed.close();
    const again = await bed.relay(3, settings, { seed: identity });
    await until(() => peersOf(again).has(other.id), 'the peering');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('relays are found by names of the DNS', async () => {
  const relays = [await relay(1, []), await relay(2, []), await relay(3, [])];
  const services = [1, 2].map((port) => ({ target: 'relay', port, priority: 1, weight: 1 }));
  let asked = 0;
  const resolver = {
    addresses: () => Promise.resolve([]),
    services: () => {
      asked++;
      return Promise.resolve(services);
    },
  };
  const newcomer = await bed.relay(
    4,
    { ...at(4, []), seeds: ['srv:_macula._tcp.example.org'] },
    { resolver },
  );
  await until(() => isFullMesh([relays[0]!, relays[1]!, newcomer]), 'the mesh by DNS');
  expect(asked).toBe(1);
  expect(peersOf(newcomer).has(relays[2]!.id)).toBe(false);
});
