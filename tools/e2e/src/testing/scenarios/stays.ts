import type { Scenario } from '../../scenario.js';

export const scenario: Scenario = {
  summary: 'stays until it is interrupted, and says when everything is up',
  async run({ scene }) {
    await scene.pair();
    // Relays and nodes end by themselves; this doesn't, nor does its child.
    const deaf = 'trap "" INT TERM HUP; sleep 600 & echo up; wait';
    const stubborn = scene.process({
      label: 'stubborn',
      command: 'sh',
      args: ['-c', deaf],
      env: scene.environment(),
    });
    await stubborn.waitFor(/up/);
    process.stderr.write('everything is up\n');
    await new Promise(() => {});
  },
};
