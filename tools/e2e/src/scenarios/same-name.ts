import assert from 'node:assert/strict';
import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const rounds = 5;
const reachableMsMax = 3000;

export const scenario: Scenario = {
  summary:
    'a node killed and started again with the same name is reachable within 3 s; nothing meant for its old processes arrives',
  isLong: true,
  async run({ scene, figure }) {
    const { relay2, a, b } = await scene.pair();
    let node: OtpNode = b;
    let slowestMs = 0;
    await node.gives('macula_e2e_restart:spawn_many(1000)', '1000');
    for (let round = 1; round <= rounds; round++) {
      await a.gives("macula_e2e_restart:remember('b@two.test')", '1000');
      await node.kill();
      node = await scene.node({ name: 'b@two.test', relays: [relay2.url], otp: b.otp });
      const upMs = performance.now();
      await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 30_000);
      const reachableMs = performance.now() - upMs;
      slowestMs = Math.max(slowestMs, reachableMs);
      assert.ok(reachableMs < reachableMsMax, `round ${round}: ${reachableMs.toFixed(0)} ms after it was up`);

      await node.gives('macula_e2e_restart:spawn_many(1000)', '1000');
      const shared = Number(await a.eval("macula_e2e_restart:shared_numbers('b@two.test')"));
      assert.ok(shared > 0, 'no new process has the number of an old one: this would show nothing');
      await a.gives('macula_e2e_restart:send_to_remembered()', '1000');
      await a.gives('macula_e2e_restart:monitor_remembered()', '[noproc]');
      await a.gives("erpc:call('b@two.test', macula_e2e_restart, received, [])", '[]');
      // The same question does find what is sent to the new ones.
      await a.gives("macula_e2e_restart:remember('b@two.test')", '1000');
      await a.gives('macula_e2e_restart:send_to_remembered()', '1000');
      await a.gives("length(erpc:call('b@two.test', macula_e2e_restart, received, []))", '1000');
    }
    figure('reachable', `${slowestMs.toFixed(0)} ms after start at most`);
  },
};
