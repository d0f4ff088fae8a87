import type { OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const other = "'b@two.test'";

export const scenario: Scenario = {
  summary:
    '-kernel dist_auto_connect never and once: connections by hand only, or by hand only after the first has ended',
  async run({ scene }) {
    const relay = await scene.relay();
    const relays = [relay.url];
    // Hidden, since global may connect visible nodes again in the middle of its introductions.
    const b = await scene.node({ name: 'b@two.test', relays, flags: ['-hidden'] });
    await b.eval('macula_e2e_kernel:start_mailbox(box)');
    const withFlag = (name: string, value: string): Promise<OtpNode> =>
      scene.node({ name, relays, flags: ['-kernel', 'dist_auto_connect', value] });

    const never = await withFlag('never@one.test', 'never');
    for (const node of [never, b]) await node.evalUntil('maps:get(joined, macula:status())', 'true');
    await staysAway(never);
    await never.gives(`net_kernel:connect_node(${other})`, 'true');
    await isThere(never);
    await disconnect(never);
    await staysAway(never);
    await b.gives("net_adm:ping('never@one.test')", 'pong');
    await isThere(never);

    const once = await withFlag('once@one.test', 'once');
    await once.evalUntil('maps:get(joined, macula:status())', 'true');
    await once.gives(`net_adm:ping(${other})`, 'pong');
    await isThere(once);
    await disconnect(once);
    await staysAway(once);
    await once.gives(`net_kernel:connect_node(${other})`, 'true');
    await isThere(once);
    await disconnect(once);
    await b.gives("net_adm:ping('once@one.test')", 'pong');
    await isThere(once);
    await b.gives('macula_e2e_kernel:mail(box)', '[]');

    async function staysAway(node: OtpNode): Promise<void> {
      await node.gives(`net_adm:ping(${other})`, 'pang');
      await node.gives(`{box, ${other}} ! lost`, 'lost');
      await node.gives(`rpc:call(${other}, erlang, node, [])`, '{badrpc,nodedown}');
      await node.gives('nodes(connected)', '[]');
      await b.gives(`lists:member('${node.name}', nodes(connected))`, 'false');
    }

    async function isThere(node: OtpNode): Promise<void> {
      await node.gives(`net_adm:ping(${other})`, 'pong');
      await node.gives(`rpc:call(${other}, erlang, node, [])`, other);
    }

    async function disconnect(node: OtpNode): Promise<void> {
      await node.gives(`erlang:disconnect_node(${other})`, 'true');
      await b.evalUntil(`lists:member('${node.name}', nodes(connected))`, 'false');
    }
  },
};
