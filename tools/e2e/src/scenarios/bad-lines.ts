import type { LinkConditions } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

/** Lines that people have, from the home's side; a node sends so many bytes over each: a quarter of a minute on the slowest. */
const lines: Readonly<Record<string, { link: LinkConditions; bytes: number }>> = {
  satellite: { link: { delayMs: 300 }, bytes: 3_000_000 },
  lossy: { link: { delayMs: 15, up: { lossPercent: 5 }, down: { lossPercent: 1 } }, bytes: 3_000_000 },
  lossyfar: { link: { delayMs: 100, up: { lossPercent: 5 }, down: { lossPercent: 5 } }, bytes: 300_000 },
  reordering: {
    link: { delayMs: 15, jitterMs: 5, reorderPercent: 5, duplicatePercent: 2 },
    bytes: 3_000_000,
  },
  slow: {
    link: { delayMs: 20, up: { rateMbit: 2 }, down: { rateMbit: 10 }, queueBytes: 64_000 },
    bytes: 3_000_000,
  },
};

export const scenario: Scenario = {
  summary: `nodes behind bad lines (${Object.keys(lines).join(', ')}) find each other; up to 3 MB pass unchanged in both directions while calls are answered`,
  drivers: ['netns'],
  seconds: 240,
  isLong: true,
  waits: true,
  async run({ scene, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    const center = await scene.node({ name: 'center@one.test', relays: [relay1.url] });
    await center.eval('macula_e2e:start_server(server)');
    await Promise.all(
      Object.entries(lines).map(async ([name, { link, bytes }]) => {
        const home = await scene.network.home({ link });
        const node = await scene.node({
          name: `${name}@home.test`,
          relays: [relay2.url],
          host: await home.machine(),
        });
        await node.eval('macula_e2e_mesh:watch()');
        await node.evalUntil("net_adm:ping('center@one.test')", 'pong', 30_000);
        await node.eval('macula_e2e:start_server(server)');
        const startedMs = performance.now();
        const transfers = Promise.all([
          node.gives(`macula_e2e_apps:transfer({server, '${center.name}'}, ${bytes})`, 'equal', 180_000),
          center.gives(`macula_e2e_apps:transfer({server, '${node.name}'}, ${bytes})`, 'equal', 180_000),
        ]);
        transfers.catch(() => {});
        for (let call = 0; call < 3; call++)
          await node.gives("rpc:call('center@one.test', erlang, node, [])", "'center@one.test'", 60_000);
        await transfers;
        figure(name, `${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
        await node.gives("macula_e2e_mesh:lost(['center@one.test'])", '[]');
      }),
    );
  },
};
