import assert from 'node:assert/strict';
import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const rounds = 3;

export const scenario: Scenario = {
  summary: 'the carrier is loaded again while it runs: links survive their next ticks, new ones can be made',
  isLong: true,
  waits: true,
  async run({ scene }) {
    // Without global, which may connect again in the middle of its introductions.
    const flags = ['-connect_all', 'false', '-kernel', 'net_ticktime', '4'];
    const { a, b } = await scene.pair({ flags });
    for (const node of [a, b]) {
      await node.eval('macula_e2e_apps:start_witness()');
      await node.eval(
        'Monitor = fun() -> group_leader(whereis(init), self()), net_kernel:monitor_nodes(true), receive Down -> macula_e2e_witness ! Down end end, spawn(Monitor)',
      );
    }
    const agents = await Promise.all([a, b].map((node) => node.agentPid()));
    // Between two upgrades everything has moved to the new code, so the purge of the old one kills nobody.
    for (let round = 1; round <= rounds; round++) {
      for (const node of [a, b]) await node.gives(`macula_e2e_apps:reload(${round})`, '[]', 60_000);
      for (const node of [a, b])
        await node.evalUntil(
          '{ok, Modules} = application:get_key(macula, modules), [P || P <- processes(), M <- Modules, erlang:check_process_code(P, M)]',
          '[]',
          10_000,
        );
    }
    for (const node of [a, b])
      await node.gives(
        `{ok, Modules} = application:get_key(macula, modules), [M || M <- Modules, proplists:get_value(e2e_reload, M:module_info(attributes)) =/= [${rounds}]]`,
        '[]',
      );
    await ticks();
    for (const node of [a, b]) await node.gives('application:ensure_all_started(macula)', /^{ok,/);
    await ticks();
    for (const node of [a, b]) await node.gives('application:stop(macula)', 'ok');
    await ticks();
    for (const node of [a, b]) {
      await node.gives('application:ensure_all_started(macula)', /^{ok,/);
      await node.gives('macula_e2e_apps:witnessed()', '[]');
      await node.gives('maps:get(joined, macula:status())', 'true');
    }
    assert.deepEqual(await Promise.all([a, b].map((node) => node.agentPid())), agents);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      await from.gives(`erlang:disconnect_node('${to.name}')`, 'true');
      await to.evalUntil('nodes()', '[]');
      await from.gives(`net_adm:ping('${to.name}')`, 'pong', 20_000);
    }
    await ticks();

    /** Four ticks have passed in both directions: the next net_ticktime is over. */
    async function ticks(): Promise<void> {
      await Promise.all([passed(a, b), passed(b, a)]);
    }

    async function passed(node: OtpNode, other: OtpNode): Promise<void> {
      const counts = `[{_, #{msgs_in := In, msgs_out := Out}}] = macula_dist_relay:get_tunnel_metrics('${other.name}'), {In, Out}`;
      const [, received, sent] = /^{(\d+),(\d+)}$/.exec(await node.eval(counts)) ?? [];
      const more = `${counts}, In >= ${received} + 4 andalso Out >= ${sent} + 4`;
      await node.evalUntil(more, 'true', 30_000);
      await node.gives('nodes()', `['${other.name}']`);
    }
  },
};
