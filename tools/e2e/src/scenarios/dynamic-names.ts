import assert from 'node:assert/strict';
import type { OtpNodeOptions } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const unnamed: readonly (Pick<OtpNodeOptions, 'name' | 'names'> & { readonly named: RegExp })[] = [
  { name: 'undefined@dyn.test', names: 'long', named: /^'?[0-9A-Z]+@dyn\.test'?$/ },
  { name: 'undefined', names: 'short', named: /^'?[0-9A-Z]+@[^.]+'?$/ },
];

export const scenario: Scenario = {
  summary:
    '-name undefined@host and -sname undefined: the first peer gives the name, which stays through reconnects',
  async run({ scene }) {
    const relay = await scene.relay();
    const relays = [relay.url];
    const [b, c] = await Promise.all(
      ['b@two.test', 'c@two.test'].map((name) => scene.node({ name, relays })),
    );
    await c!.evalUntil("net_adm:ping('b@two.test')", 'pong');
    for (const { named, ...options } of unnamed) {
      const dynamic = await scene.node({ ...options, relays });
      await dynamic.gives('{node(), maps:get(name_type, net_kernel:get_state())}', '{nonode@nohost,dynamic}');
      await dynamic.gives("net_adm:ping('b@two.test')", 'pang');
      await dynamic.evalUntil("net_kernel:connect_node('b@two.test')", 'true');
      const name = await dynamic.gives('node()', named);
      await dynamic.gives("net_adm:ping('c@two.test')", 'pong');
      for (const node of [b!, c!]) {
        await node.gives('nodes(hidden)', `[${name}]`);
        await node.gives(`rpc:call(${name}, erlang, node, [])`, name);
      }

      await b!.gives(`erlang:disconnect_node(${name})`, 'true');
      // Without the node that named it, it has no name and no connection.
      await dynamic.evalUntil('node()', 'nonode@nohost');
      await c!.evalUntil('nodes(hidden)', '[]');
      await b!.gives(`net_adm:ping(${name})`, 'pang');
      await dynamic.evalUntil("net_kernel:connect_node('b@two.test')", 'true');
      assert.equal(await dynamic.eval('node()'), name);
      await b!.gives(`rpc:call(${name}, erlang, node, [])`, name);
      await dynamic.gives("net_adm:ping('c@two.test')", 'pong');
      await dynamic.kill();
      for (const node of [b!, c!]) await node.evalUntil('nodes(hidden)', '[]');
    }
  },
};
