import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: '-connect_all false and -kernel connect_all false: nodes know only those that they connected to',
  async run({ scene }) {
    const relay = await scene.relay();
    for (const flags of [
      ['-connect_all', 'false'],
      ['-kernel', 'connect_all', 'false'],
    ]) {
      const [a, b, c] = await Promise.all(
        ['a@one.test', 'b@one.test', 'c@one.test'].map((name) =>
          scene.node({ name, relays: [relay.url], flags }),
        ),
      );
      await a!.evalUntil("net_adm:ping('b@one.test')", 'pong');
      await c!.evalUntil("net_adm:ping('b@one.test')", 'pong');
      await b!.evalUntil('lists:sort(nodes())', "['a@one.test','c@one.test']");
      // Whatever global would do has passed through its servers by then.
      for (let turn = 0; turn < 3; turn++)
        await b!.gives(
          '[is_tuple(rpc:call(Node, sys, get_state, [global_name_server])) || Node <- nodes()]',
          '[true,true]',
        );
      await b!.gives('global:register_name(b_only, whereis(kernel_sup))', 'yes');
      for (const node of [a!, c!]) {
        await node.gives('nodes(connected)', "['b@one.test']");
        await node.gives('global:whereis_name(b_only)', 'undefined');
      }
      await a!.gives("net_adm:ping('c@one.test')", 'pong');
      await Promise.all([a!, b!, c!].map((node) => node.kill()));
    }
  },
};
