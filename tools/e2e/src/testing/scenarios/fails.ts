import type { Scenario } from '../../scenario.js';

export const scenario: Scenario = {
  summary: 'a promise that does not hold',
  async run({ scene }) {
    const relay = await scene.relay();
    const node = await scene.node({ name: 'a@one.test', relays: [relay.url] });
    await node.gives('1 + 1', '3');
  },
};
