import assert from 'node:assert/strict';
import { eventually, type Relay } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'relays that know one relay become a full mesh by themselves; it goes on when that one is killed for good, and takes in a newcomer that knows another one',
  isLong: true,
  drivers: ['local'],
  async run({ scene, figure }) {
    const seed = await scene.relay({ label: 'relay-1' });
    const started = performance.now();
    const others = await Promise.all(
      [2, 3, 4].map((number) => scene.relay({ label: `relay-${number}`, peers: [seed.url] })),
    );
    await untilFull([seed, ...others]);
    figure('full mesh after', `${(performance.now() - started).toFixed(0)} ms`);
    seed.process.killNow();
    const [second, third, fourth] = others as [Relay, Relay, Relay];
    const newcomer = await scene.relay({ label: 'relay-5', peers: [second.url] });
    const relays = [third, fourth, newcomer];
    const nodes = await Promise.all(
      relays.map(({ url }, index) => scene.node({ name: `n${index}@one.test`, relays: [url] })),
    );
    await untilFull([...others, newcomer]);
    // Ready is not joined yet.
    for (const node of nodes) await node.evalUntil('maps:get(joined, macula:status())', 'true', 20_000);
    for (const from of nodes)
      for (const to of nodes) if (from !== to) assert.equal(await from.ping(to), 'pong');
    const killed = performance.now();
    await eventually(
      async () =>
        (await Promise.all(others.map((relay) => stateAt(relay, seed)))).every((state) => state === 'dead'),
      { what: 'the death of relay-1 to be known', timeoutMs: 40_000 },
    );
    figure('death known', `${((performance.now() - killed) / 1000).toFixed(1)} s later to all`);
  },
};

async function untilFull(relays: readonly Relay[]): Promise<void> {
  await eventually(
    async () => {
      const peers = await Promise.all(relays.map(peersOf));
      return relays.every((one) => peers.every((known, index) => relays[index] === one || known.has(one.id)));
    },
    { what: 'a full mesh', timeoutMs: 20_000 },
  );
}

interface Status {
  readonly peers: readonly { readonly id: string | null; readonly state: string }[];
  readonly members: readonly { readonly id: string; readonly state: string }[];
}

async function statusOf({ admin }: Relay): Promise<Status> {
  return (await (await fetch(`${admin}/status`)).json()) as Status;
}

async function peersOf(relay: Relay): Promise<Set<string | null>> {
  const { peers } = await statusOf(relay);
  return new Set(peers.filter(({ state }) => state === 'connected').map(({ id }) => id));
}

async function stateAt(relay: Relay, other: Relay): Promise<string | undefined> {
  return (await statusOf(relay)).members.find(({ id }) => id === other.id)?.state;
}
