import type { Scenario } from '../scenario.js';

/** How long the idle nodes must stay known. */
const idleMs = 12_000;

export const scenario: Scenario = {
  summary: `nodes that say nothing for ${idleMs / 1000} s are found, at the first ping, by each node that comes later behind either relay`,
  isLong: true,
  async run({ scene, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const relays = [relay1, relay2];
    // Hidden, so that nodes don't introduce each other.
    const start = async (name: string, index: number) => {
      const node = await scene.node({ name, relays: [relays[index % 2]!.url], flags: ['-hidden'] });
      await node.evalUntil('maps:get(joined, macula:status())', 'true');
      return node;
    };
    const idle = await Promise.all([0, 1, 2, 3].map((index) => start(`idle-${index}@one.test`, index)));
    const untilMs = performance.now() + idleMs;
    let latecomers = 0;
    for (; performance.now() < untilMs || latecomers < 4; latecomers++) {
      const latecomer = await start(`late-${latecomers}@two.test`, latecomers);
      for (const { name } of [...idle, ...idle]) {
        await latecomer.gives(
          `{net_adm:ping('${name}'), maps:get(reason, macula:why('${name}'))}`,
          '{pong,connected}',
        );
        await latecomer.gives(`erlang:disconnect_node('${name}')`, 'true');
      }
      await latecomer.kill();
    }
    figure('latecomers', String(latecomers));
  },
};
