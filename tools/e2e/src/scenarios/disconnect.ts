import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const messageBytes = 100_000_000;

export const scenario: Scenario = {
  summary:
    'erlang:disconnect_node, net_kernel:connect_node, reconnecting at the next send; a disconnect amid a large message leaves nothing behind',
  async run({ scene }) {
    // Hidden, since global may connect visible nodes again in the middle of its introductions.
    const { a, b } = await scene.pair({ flags: ['-hidden'] });
    const nodes: readonly OtpNode[] = [a, b];
    await b.eval('macula_e2e_kernel:start_mailbox(box)');
    for (const node of nodes) await node.eval('macula_e2e_kernel:watch(events, [{node_type, hidden}])');

    await a.gives("erlang:disconnect_node('b@two.test')", 'true');
    await gone();
    await a.gives("erlang:disconnect_node('b@two.test')", 'false');
    await a.gives("erlang:disconnect_node('nobody@nowhere.test')", 'false');
    await a.gives("{box, 'b@two.test'} ! first", 'first');
    await b.evalUntil('macula_e2e_kernel:mail(box)', '[first]');
    await a.evalUntil(
      'macula_e2e_kernel:seen(events)',
      "[{nodedown,'b@two.test',[{node_type,hidden}]},{nodeup,'b@two.test',[{node_type,hidden}]}]",
    );
    await b.evalUntil(
      'macula_e2e_kernel:seen(events)',
      "[{nodedown,'a@one.test',[{node_type,hidden}]},{nodeup,'a@one.test',[{node_type,hidden}]}]",
    );

    await b.gives("erlang:disconnect_node('a@one.test')", 'true');
    await gone();
    await a.gives("net_kernel:connect_node('b@two.test')", 'true');
    await a.gives("net_kernel:connect_node('b@two.test')", 'true');
    await a.gives('net_kernel:connect_node(node())', 'true');
    await a.gives("net_kernel:connect_node('nobody@nowhere.test')", 'false');

    for (const node of nodes) {
      await a.eval(`spawn(erlang, send, [{box, 'b@two.test'}, binary:copy(<<0>>, ${messageBytes})])`);
      await b.evalUntil(
        '[B > 1000000 || {_, #{bytes_in := B}} <- macula_dist_relay:get_tunnel_metrics()]',
        '[true]',
      );
      const other = node === a ? b : a;
      await node.gives(`erlang:disconnect_node('${other.name}')`, 'true');
      await gone();
      for (const each of nodes) await each.evalUntil('macula_dist_relay:get_tunnel_metrics()', '[]');
      await a.gives("net_adm:ping('b@two.test')", 'pong');
    }
    await a.gives("{box, 'b@two.test'} ! last", 'last');
    await b.evalUntil('macula_e2e_kernel:mail(box)', '[first,last]');

    const undistributed = await scene.node({ name: 'undistributed', names: 'none' });
    await undistributed.gives("erlang:disconnect_node('b@two.test')", 'ignored');
    await undistributed.gives("net_kernel:connect_node('b@two.test')", 'ignored');

    function gone(): Promise<unknown> {
      return Promise.all(nodes.map((node) => node.evalUntil('nodes(connected)', '[]')));
    }
  },
};
