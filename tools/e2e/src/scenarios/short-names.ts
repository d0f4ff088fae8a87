import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    '-sname nodes connect to each other; between short and long names there is a clear error, whoever calls',
  async run({ scene }) {
    const relay = await scene.relay();
    const relays = [relay.url];
    const [a, b, long] = await Promise.all([
      scene.node({ name: 'a@alpha', names: 'short', relays }),
      scene.node({ name: 'b@beta', names: 'short', relays }),
      scene.node({ name: 'long@gamma.test', relays }),
    ]);
    await a.evalUntil("net_adm:ping('b@beta')", 'pong', 20_000);
    await b.gives("rpc:call('a@alpha', erlang, node, [])", 'a@alpha');
    await a.gives('net_kernel:longnames()', 'false');

    await long.evalUntil('maps:get(joined, macula:status())', 'true', 15_000);
    await a.gives("net_adm:ping('long@gamma.test')", 'pang');
    await a.gives("macula:why('long@gamma.test')", /reason => name_type.*Start both in the same way/s);
    if (!a.process.output.includes('short names (-sname)')) throw new Error('nothing about it in the log');
    await long.gives("net_adm:ping('a@alpha')", 'pang', 30_000);
    await long.gives("macula:why('a@alpha')", /reason => refused.*short names \(-sname\)/s);
    await long.gives('nodes()', '[]');
    await a.gives('nodes()', '[b@beta]');

    // A node that doesn't listen takes whatever name it is given: a remote shell works either way.
    const shell = await scene.node({
      name: 'shell@delta',
      names: 'short',
      relays,
      flags: ['-dist_listen', 'false'],
    });
    await shell.evalUntil("net_adm:ping('long@gamma.test')", 'pong', 20_000);
  },
};
