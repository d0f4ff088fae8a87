import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'net_kernel:monitor_nodes with a list and a map of options: node types, nodedown reasons of OTP and {macula, Reason}, unsubscribing',
  seconds: 180,
  async run({ scene }) {
    // Without a relay they look for one for 4 s, not for 30.
    const { relay1, relay2, a, b } = await scene.pair({ env: { MACULA_RECONNECT_MAX_ATTEMPTS: '2' } });
    const hidden = await scene.node({ name: 'h@two.test', relays: [relay2.url], flags: ['-hidden'] });
    const watched = {
      as_list: '[nodedown_reason, {node_type, all}]',
      as_map: '#{nodedown_reason => true, node_type => all}',
      only_hidden: '[{node_type, hidden}]',
      ids: '#{connection_id => true}',
      until_unsubscribed: '[nodedown_reason, {node_type, all}]',
      plain: 'plain',
    };
    for (const [name, options] of Object.entries(watched))
      await a.gives(`macula_e2e_kernel:watch(${name}, ${options})`, 'ok');
    await b.gives('macula_e2e_kernel:watch(as_list, [nodedown_reason])', 'ok');
    const events: string[] = [];
    const sees = async (event: string, timeoutMs?: number): Promise<void> => {
      events.push(event);
      await a.evalUntil('macula_e2e_kernel:seen(as_list)', `[${events.join()}]`, timeoutMs);
    };

    await hidden.evalUntil("net_adm:ping('a@one.test')", 'pong');
    await sees("{nodeup,'h@two.test',[{node_type,hidden}]}");
    // In the middle of its introductions global would connect again.
    for (const node of [a, b]) await node.gives('global:sync()', 'ok');
    await a.gives("erlang:disconnect_node('b@two.test')", 'true');
    await sees("{nodedown,'b@two.test',[{node_type,visible},{nodedown_reason,disconnect}]}");
    const closedByA = "[{nodedown,'a@one.test',[{nodedown_reason,connection_closed}]}]";
    await b.evalUntil('macula_e2e_kernel:seen(as_list)', closedByA);
    await a.gives("net_adm:ping('b@two.test')", 'pong');
    await sees("{nodeup,'b@two.test',[{node_type,visible}]}");
    const nodeupId =
      "[Id || {nodeup, 'b@two.test', {map, [{connection_id, Id}]}} <- macula_e2e_kernel:seen(ids)]";
    const nodesId =
      "[Id || {'b@two.test', #{connection_id := Id}} <- nodes(connected, #{connection_id => true})]";
    await a.gives(`${nodeupId} =:= ${nodesId}`, 'true');
    await a.gives('macula_e2e_kernel:unwatch(until_unsubscribed)', 'ok');
    const untilHere = await a.eval('macula_e2e_kernel:seen(until_unsubscribed)');

    await hidden.kill();
    await sees("{nodedown,'h@two.test',[{node_type,hidden},{nodedown_reason,connection_closed}]}");
    relay1.process.killNow();
    relay2.process.killNow();
    await sees(
      "{nodedown,'b@two.test',[{node_type,visible},{nodedown_reason,{macula,window_over}}]}",
      60_000,
    );
    await a.gives("maps:get(reason, macula:why('b@two.test'))", 'window_over');

    const asMap = '[{Event, Node, Info} || {Event, Node, {map, Info}} <- macula_e2e_kernel:seen(as_map)]';
    await a.gives(asMap, `[${events.join()}]`);
    await a.gives(
      'macula_e2e_kernel:seen(only_hidden)',
      "[{nodeup,'h@two.test',[{node_type,hidden}]},{nodedown,'h@two.test',[{node_type,hidden}]}]",
    );
    await a.gives(
      'macula_e2e_kernel:seen(plain)',
      "[{nodedown,'b@two.test'},{nodeup,'b@two.test'},{nodedown,'b@two.test'}]",
    );
    await a.gives('macula_e2e_kernel:seen(until_unsubscribed)', untilHere);
  },
};
