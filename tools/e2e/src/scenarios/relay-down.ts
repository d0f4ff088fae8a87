import assert from 'node:assert/strict';
import type { Host, Scene } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const saidMsMax = 10_000;

export const scenario: Scenario = {
  summary:
    'no relay is there: join_mesh says so within 10 s, leaves nothing behind and works once there is one; a node that joins from its environment tries until it comes',
  isLong: true,
  isAlone: true,
  async run({ scene, figure }) {
    const [first, second] = await Promise.all([nobodyListens(scene), nobodyListens(scene)]);

    async function byCall(): Promise<void> {
      const a = await scene.node({ name: 'a@one.test' });
      const before = await a.eval('macula_e2e:counts()');
      const startedMs = performance.now();
      assert.match(await a.join([first.url]), /^\{error,\{connect_timeout,/);
      const saidMs = performance.now() - startedMs;
      figure('said after', `${saidMs.toFixed(0)} ms`);
      assert.ok(saidMs < saidMsMax, `said only after ${saidMs.toFixed(0)} ms`);
      await a.gives('maps:get(joined, macula:status())', 'false');
      await a.evalUntil('macula_e2e:counts()', before, 5_000);

      await scene.relay(first);
      assert.equal(await a.join([first.url]), 'ok');
      await a.gives('maps:get(joined, macula:status())', 'true');
      assert.match(await a.join([first.url]), /^ok$|already_joined/);
      await a.gives('macula:leave_mesh()', 'ok');
      await a.gives('maps:get(joined, macula:status())', 'false');
      assert.equal(await a.join([first.url]), 'ok');
    }

    async function fromEnvironment(): Promise<void> {
      const relays = [second.url];
      const [c, d] = await Promise.all([
        scene.node({ name: 'c@one.test', relays }),
        scene.node({ name: 'd@two.test', relays }),
      ]);
      assert.equal(await c.ping(d), 'pang');
      await scene.relay({ ...second, label: 'late relay' });
      await c.evalUntil("net_adm:ping('d@two.test')", 'pong', 40_000);
    }

    await Promise.all([byCall(), fromEnvironment()]);
  },
};

/** A place where a relay can listen and none does: one has been there. */
async function nobodyListens(scene: Scene): Promise<{ host: Host; port: number; url: string }> {
  const { host, port, url, process } = await scene.relay();
  await process.stop();
  return { host, port, url };
}
