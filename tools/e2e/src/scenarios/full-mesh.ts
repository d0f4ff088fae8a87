import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const size = 12;
const victims = 3;
/** For how long; two minutes with `--full`. */
const loops = { usualMs: 45_000, fullMs: 120_000 };

export const scenario: Scenario = {
  summary: `${size} nodes form a full mesh through global with prevent_overlapping_partitions; ${victims} are killed and started again for ${loops.usualMs / 1_000} s (--full: ${loops.fullMs / 1_000} s), the others stay connected`,
  seconds: 360,
  isLong: true,
  async run({ scene, isFull, figure }) {
    const relays = [await scene.relay({ label: 'relay-1' })];
    for (let index = 2; index <= 3; index++)
      relays.push(await scene.relay({ label: `relay-${index}`, peers: relays.map(({ url }) => url) }));
    const start = (index: number): Promise<OtpNode> =>
      scene.node({
        name: `n${index}@host-${index}.test`,
        relays: [relays[index % relays.length]!.url],
        flags: ['-kernel', 'prevent_overlapping_partitions', 'true'],
      });
    const nodes: OtpNode[] = [];
    for (let index = 0; index < size; index++) nodes.push(await start(index));
    const startedMs = performance.now();
    // Each knows one other; global makes the rest.
    for (let index = 1; index < size; index++)
      await nodes[index]!.evalUntil(`net_adm:ping('${nodes[index - 1]!.name}')`, 'pong', 20_000);
    await full(nodes);
    figure('full mesh', `${((performance.now() - startedMs) / 1000).toFixed(1)} s`);

    const survivors = nodes.slice(victims);
    await Promise.all(survivors.map((node) => node.eval('macula_e2e_mesh:watch()')));
    const endMs = performance.now() + (isFull ? loops.fullMs : loops.usualMs);
    let kills = 0;
    while (performance.now() < endMs) {
      const index = kills % victims;
      await nodes[index]!.kill();
      kills++;
      nodes[index] = await start(index);
      await nodes[index]!.evalUntil(
        `net_adm:ping('${survivors[kills % survivors.length]!.name}')`,
        'pong',
        20_000,
      );
      await sleep(500);
    }
    figure('killed', `${kills} times`);
    const names = survivors.map(({ name }) => `'${name}'`).join(',');
    for (const node of survivors) await node.gives(`macula_e2e_mesh:lost([${names}])`, '[]');
    await full(nodes);
    assert.ok(kills > (isFull ? 10 : 4), `only ${kills} were killed`);
  },
};

async function full(nodes: readonly OtpNode[]): Promise<void> {
  for (const node of nodes)
    await eventually(async () => (await node.eval('length(nodes())')) === String(nodes.length - 1), {
      what: `${node.name} to see ${nodes.length - 1} nodes`,
      timeoutMs: 60_000,
      intervalMs: 200,
    });
}
