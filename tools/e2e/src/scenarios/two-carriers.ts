import { freePorts } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    '-proto_dist inet_tcp macula: one node talks to TCP-only nodes and to mesh-only ones, and accepts both',
  drivers: ['local'],
  async run({ scene }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const [port1, port2, port3] = await freePorts(3);
    // TCP-only and mesh-only nodes can't see each other: global would try to connect them all, and take it for a partition.
    const flags = ['-connect_all', 'false'];
    const [both, tcp, tcp2, mesh] = await Promise.all([
      scene.node({
        name: `both-${port1}@127.0.0.1`,
        carrier: 'run',
        relays: [relay1.url],
        flags: [
          ...['-proto_dist', 'inet_tcp', 'macula', '-epmd_module', 'macula_e2e_epmd'],
          ...['-kernel', 'inet_dist_listen_min', String(port1), 'inet_dist_listen_max', String(port1)],
          ...flags,
        ],
      }),
      scene.node({ name: `tcp-${port2}@127.0.0.1`, carrier: 'tcp', flags }),
      scene.node({ name: `tcp-${port3}@127.0.0.1`, carrier: 'tcp', flags }),
      scene.node({ name: 'mesh@two.test', relays: [relay2.url], flags }),
    ]);
    // A name that the mesh doesn't know is left to TCP for 60 s, so the mesh must know it by the first ping.
    for (const node of [both, mesh])
      await node.evalUntil('maps:get(joined, macula:status())', 'true', 20_000);
    // It dials either kind ...
    await both.gives("net_adm:ping('mesh@two.test')", 'pong', 20_000);
    await both.evalUntil(`net_adm:ping('${tcp.name}')`, 'pong', 20_000);
    await both.gives('lists:sort(nodes())', `['mesh@two.test','${tcp.name}']`);
    for (const node of [mesh, tcp]) {
      await both.gives(`erpc:call('${node.name}', erlang, node, [])`, `'${node.name}'`);
      await node.gives(`erpc:call('${both.name}', erlang, node, [])`, `'${both.name}'`);
    }
    // ... and is dialled by either kind, also while the other one is connected.
    await tcp2.gives(`net_adm:ping('${both.name}')`, 'pong', 20_000);
    await both.gives("erlang:disconnect_node('mesh@two.test')", 'true');
    await mesh.evalUntil('nodes()', '[]');
    await mesh.gives(`net_adm:ping('${both.name}')`, 'pong', 20_000);
    await both.evalUntil('length(nodes())', '3');
    await both.gives('[maps:size(M) > 0 || {_, M} <- macula_dist_relay:get_tunnel_metrics()]', '[true]');
  },
};
