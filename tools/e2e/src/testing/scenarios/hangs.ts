import type { Scenario } from '../../scenario.js';

export const scenario: Scenario = {
  summary: 'never ends by itself; its limit may come before everything is up',
  seconds: 3,
  async run({ scene }) {
    await scene.pair();
    await new Promise(() => {});
  },
};
