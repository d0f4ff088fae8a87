import { join } from 'node:path';
import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const rounds = 50;

export const scenario: Scenario = {
  summary: 'mnesia: copies in RAM and on disc, transactions on both sides, a third node, a crash',
  async run({ scene }) {
    const both = "['a@one.test', 'b@two.test']";
    const [homeOfA, homeOfB] = ['mnesia-a', 'mnesia-b'].map((name) => [
      ...['-mnesia', 'dir', `"${join(scene.directory, name)}"`],
    ]);
    const { relay1, relay2, a, b } = await scene.pair({ a: { flags: homeOfA! }, b: { flags: homeOfB! } });
    await a.gives(`mnesia:create_schema(${both})`, 'ok', 30_000);
    await a.gives(`rpc:multicall(${both}, mnesia, start, [])`, '{[ok,ok],[]}', 30_000);
    for (const [table, copies] of [
      ['ram', 'ram_copies'],
      ['disc', 'disc_copies'],
    ])
      await a.gives(
        `mnesia:create_table(${table}, [{${copies}, ${both}}, {attributes, [key, value]}])`,
        '{atomic,ok}',
      );

    await count([a, b], rounds);
    await holds([a, b], 2 * rounds);

    const c = await scene.node({
      name: 'c@one.test',
      relays: [relay1.url],
      flags: ['-mnesia', 'dir', `"${join(scene.directory, 'mnesia-c')}"`],
    });
    await c.gives('mnesia:start()', 'ok');
    await c.gives(
      "{ok, Nodes} = mnesia:change_config(extra_db_nodes, ['a@one.test']), lists:sort(Nodes)",
      /'a@one.test'/,
    );
    for (const table of ['ram', 'disc']) {
      await c.gives(`mnesia:add_table_copy(${table}, node(), ram_copies)`, '{atomic,ok}');
      await c.gives(`mnesia:table_info(${table}, where_to_read)`, "'c@one.test'");
    }
    await holds([c], 2 * rounds);
    await c.gives(
      'lists:sort(mnesia:system_info(running_db_nodes))',
      "['a@one.test','b@two.test','c@one.test']",
    );

    await b.kill();
    for (const node of [a, c])
      await node.evalUntil('lists:sort(mnesia:system_info(running_db_nodes))', "['a@one.test','c@one.test']");
    await count([a, c], rounds);
    const again = await scene.node({ name: b.name, relays: [relay2.url], otp: b.otp, flags: homeOfB! });
    await again.gives('mnesia:start()', 'ok');
    await again.gives('mnesia:wait_for_tables([ram, disc], 20000)', 'ok', 30_000);
    await holds([again], 4 * rounds);
    await count([a, again, c], rounds);
    await holds([a, again, c], 7 * rounds);

    async function count(nodes: readonly OtpNode[], times: number): Promise<void> {
      for (const table of ['ram', 'disc'])
        await Promise.all(
          nodes.map((node) => node.gives(`macula_e2e_apps:bump(${table}, ${times})`, 'ok', 60_000)),
        );
    }

    /** A dirty read takes the own copy; a commit of another node reaches it a moment later. */
    async function holds(nodes: readonly OtpNode[], value: number): Promise<void> {
      for (const node of nodes)
        for (const table of ['ram', 'disc'])
          await node.evalUntil(`mnesia:dirty_read(${table}, counter)`, `[{${table},counter,${value}}]`);
    }
  },
};
