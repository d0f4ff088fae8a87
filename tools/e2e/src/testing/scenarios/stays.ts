import type { Scenario } from '../../scenario.js';

export const scenario: Scenario = {
  summary: 'stays until it is interrupted, and says when everything is up',
  async run({ scene }) {
    await scene.pair();
    process.stderr.write('everything is up\n');
    await new Promise(() => {});
  },
};
