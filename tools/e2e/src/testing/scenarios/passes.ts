import type { Scenario } from '../../scenario.js';

export const scenario: Scenario = {
  summary: 'two relays and two nodes',
  async run({ scene, figure }) {
    const { a, b } = await scene.pair();
    await b.gives("net_adm:ping('a@one.test')", 'pong');
    figure('nodes', await a.eval('length(nodes())'));
  },
};
