import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary: 'net_adm:ping both ways, nodes/0, and no process in the path of the data',
  async run({ scene }) {
    const { a, b } = await scene.pair();
    await b.gives("net_adm:ping('a@one.test')", 'pong');
    await a.gives('nodes()', "['b@two.test']");
    await b.gives('nodes()', "['a@one.test']");
    await a.gives('[is_port(C) || {_, C} <- erlang:system_info(dist_ctrl)]', '[true]');
    await a.gives("maps:get(reason, macula:why('b@two.test'))", 'connected');
    await a.gives("net_adm:ping('nobody@nowhere.test')", 'pang');
  },
};
