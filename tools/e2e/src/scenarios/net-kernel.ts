import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'net_kernel:start and stop at run time: joins again by itself, gives names up and takes them again, options of start/2',
  async run({ scene }) {
    const relay = await scene.relay();
    const a = await scene.node({ name: 'a@one.test', relays: [relay.url] });
    const node = await scene.node({ name: 'undistributed', names: 'none', otp: scene.nextOtp() });
    await node.gives('{node(), is_alive(), net_kernel:stop()}', '{nonode@nohost,false,{error,not_found}}');
    await node.gives("element(1, net_kernel:start(['n1@one.test', longnames]))", 'ok');
    await node.gives(`macula:join_mesh(#{relays => [<<"${relay.url}">>]})`, 'ok', 20_000);
    await node.evalUntil("net_adm:ping('a@one.test')", 'pong');
    await a.gives("rpc:call('n1@one.test', net_kernel, get_state, [])", /started => dynamic/);

    await stop();
    await a.evalUntil('nodes()', '[]');
    await a.gives("net_adm:ping('n1@one.test')", 'pang');
    await a.gives("maps:get(reason, macula:why('n1@one.test'))", 'not_found');

    const options = '#{name_domain => longnames, net_ticktime => 100, hidden => true, dist_listen => true}';
    await node.gives(`element(1, net_kernel:start('n2@one.test', ${options}))`, 'ok');
    await node.gives('{node(), net_kernel:get_net_ticktime()}', "{'n2@one.test',100}");
    await a.evalUntil("net_adm:ping('n2@one.test')", 'pong');
    await a.gives('{nodes(), nodes(hidden)}', "{[],['n2@one.test']}");
    await a.gives("net_adm:ping('n1@one.test')", 'pang');
    await stop();

    await node.gives(
      "element(1, net_kernel:start('n3@one.test', #{name_domain => longnames, dist_listen => false}))",
      'ok',
    );
    await node.evalUntil("net_adm:ping('a@one.test')", 'pong');
    await a.gives('{nodes(), nodes(hidden)}', "{[],['n3@one.test']}");
    await node.gives("erlang:disconnect_node('a@one.test')", 'true');
    await a.evalUntil('nodes(connected)', '[]');
    await a.gives("net_adm:ping('n3@one.test')", 'pang');
    await stop();

    // The first name is free, for another node and, after that one, for this one again.
    const other = await scene.node({ name: 'n1@one.test', relays: [relay.url] });
    await a.evalUntil("net_adm:ping('n1@one.test')", 'pong');
    await other.kill();
    await a.evalUntil('nodes()', '[]');
    await node.gives("element(1, net_kernel:start(['n1@one.test', longnames]))", 'ok');
    await a.evalUntil("net_adm:ping('n1@one.test')", 'pong');
    await stop();
    await node.gives('element(1, net_kernel:start([n4, shortnames]))', 'ok');
    await node.gives('node()', /^'?n4@[^.]+$/);
    await node.evalUntil('maps:get(joined, macula:status())', 'true');
    await node.gives('macula:leave_mesh()', 'ok');
    await stop();
    await node.gives("element(1, net_kernel:start(['n1@one.test', longnames]))", 'ok');
    await node.gives('maps:get(joined, macula:status())', 'false');

    async function stop(): Promise<void> {
      await node.gives('net_kernel:stop()', 'ok');
      // The emulator takes the name away when the port of the last connection is gone.
      await node.evalUntil('{node(), is_alive(), nodes()}', '{nonode@nohost,false,[]}');
    }
  },
};
