import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type OtpNode } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const bytes = 50_000_000;
const names = '[element(2, inet:sockname(Port)) || {_, Port} <- erlang:system_info(dist_ctrl)]';

export const scenario: Scenario = {
  summary: 'between a BEAM and its agent: Unix-domain sockets nobody else can use, or loopback TCP',
  isLong: true,
  async run({ scene }) {
    const { relay1, relay2, a, b } = await scene.pair();
    for (const node of [a, b]) await node.gives(names, /^\[{local,/);
    await transfers(a, b);
    for (const node of [a, b]) {
      const sockets = privateSockets(node);
      assert.ok(
        sockets.length >= 2,
        `${node.name}: ${sockets.length} sockets, wanted the node's and its agent's`,
      );
    }
    await a.gives('init:stop()', 'ok');
    await a.process.ended;
    await b.kill();
    for (const node of [a, b])
      await eventually(() => privateSockets(node).length === 0 && readdirSync(place(node)).length === 0, {
        what: `${place(node)} to be empty`,
      });

    const [c, d] = await Promise.all(
      [
        { name: 'c@one.test', url: relay1.url },
        { name: 'd@two.test', url: relay2.url },
      ].map(({ name, url }) => scene.node({ name, relays: [url], env: { MACULA_LOCAL_SOCKETS: 'tcp' } })),
    );
    await c!.evalUntil("net_adm:ping('d@two.test')", 'pong', 20_000);
    for (const node of [c!, d!]) await node.gives(names, /^\[{{127,0,0,1},\d+}\]$/);
    await transfers(c!, d!);
  },
};

async function transfers(one: OtpNode, two: OtpNode): Promise<void> {
  for (const node of [one, two]) await node.eval('macula_e2e:start_server(server)');
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const)
    await from.gives(`macula_e2e_apps:transfer({server, '${to.name}'}, ${bytes})`, 'equal', 60_000);
}

function place(node: OtpNode): string {
  return node.env.XDG_RUNTIME_DIR!;
}

/** Paths of a node's and its agent's sockets. */
function privateSockets(node: OtpNode): string[] {
  const directories = readdirSync(place(node)).map((name) => join(place(node), name));
  for (const directory of directories) assert.equal(modeOf(directory), 0o700, directory);
  const sockets = directories.flatMap((directory) =>
    readdirSync(directory).map((name) => join(directory, name)),
  );
  for (const socket of sockets) {
    assert.ok(statSync(socket).isSocket(), socket);
    assert.ok(
      [0o600, 0o700, 0o755].includes(modeOf(socket)),
      `${socket} has mode ${modeOf(socket).toString(8)}`,
    );
  }
  return sockets;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
