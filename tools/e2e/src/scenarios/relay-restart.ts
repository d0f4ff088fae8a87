import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type OtpNode, type Relay } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const awayMs = 10_000;
/** 25 s with the time that a relay takes to start. */
const longAwayMs = 24_000;
/** Of nodes that give up sooner than by default: 2 tries of 2 s. */
const windowMs = 4000;

export const scenario: Scenario = {
  summary: `the only relay is killed and comes back: after ${awayMs / 1000} s the link goes on (aim: within 2 s), after 25 s too, with net_ticktime 8; beyond the window both nodes are told, whatever net_ticktime is, and can connect anew`,
  seconds: 120,
  isLong: true,
  waits: true,
  drivers: ['local', 'netns'],
  async run({ scene, figure }) {
    const [first, second, third] = await Promise.all([
      scene.relay({ label: 'relay-1' }),
      scene.relay({ label: 'relay-2' }),
      scene.relay({ label: 'relay-3' }),
    ]);
    const again = ({ label, host, port, data }: Relay): Promise<Relay> =>
      scene.relay({ label, host, port, data });
    const pair = async (of: string, relay: Relay, more: object = {}): Promise<[OtpNode, OtpNode]> => {
      const [a, b] = await Promise.all(
        ['a', 'b'].map((name) => scene.node({ name: `${name}@${of}.test`, relays: [relay.url], ...more })),
      );
      await a!.evalUntil(`net_adm:ping('b@${of}.test')`, 'pong', 20_000);
      for (const node of [a!, b!]) await node.eval('macula_e2e_mesh:watch()');
      await b!.eval('macula_e2e:start_server(e2e_server)');
      return [a!, b!];
    };

    async function comesBack(of: string, relay: Relay, afterMs: number, more: object = {}): Promise<void> {
      const [a, b] = await pair(of, relay, more);
      await a.eval(`macula_e2e_resume:start_calls('${b.name}')`);
      await sleep(500);
      relay.process.killNow();
      await sleep(afterMs);
      const startedMs = performance.now();
      await again(relay);
      const listensMs = performance.now();
      const tunnels = '[S || {_, #{state := S}} <- macula_dist_relay:get_tunnel_metrics()]';
      await eventually(async () => (await a.eval(tunnels)) === '[open]', {
        what: 'the tunnel to go on',
        timeoutMs: 15_000,
      });
      const backMs = performance.now() - listensMs;
      figure(
        `${of}: back after`,
        `${backMs.toFixed(0)} ms (the relay took ${(listensMs - startedMs).toFixed(0)})`,
      );
      await sleep(500);
      assert.match(await a.eval('macula_e2e_resume:stop_calls()'), /^{\d+,/);
      for (const node of [a, b]) await node.gives(`macula_e2e_mesh:lost(['${a.name}', '${b.name}'])`, '[]');
    }

    async function staysAway(): Promise<void> {
      const env = { MACULA_RECONNECT_MAX_ATTEMPTS: '2' };
      const [a, b] = await pair('gone', third, { env });
      third.process.killNow();
      const startedMs = performance.now();
      for (const [node, peer] of [
        [a, b],
        [b, a],
      ] as const)
        await node.evalUntil(
          `macula_e2e_mesh:lost(['${peer.name}'])`,
          `[{'${peer.name}',{macula,window_over}}]`,
          windowMs + 10_000,
        );
      const goneMs = performance.now() - startedMs;
      figure('told after', `${goneMs.toFixed(0)} ms of ${windowMs}`);
      assert.ok(goneMs <= windowMs + 5000, `told only after ${goneMs.toFixed(0)} ms`);
      await again(third);
      await a.evalUntil(`net_adm:ping('${b.name}')`, 'pong', 20_000);
    }

    await Promise.all([
      comesBack('short', first, awayMs),
      comesBack('long', second, longAwayMs, { flags: ['-kernel', 'net_ticktime', '8'] }),
      staysAway(),
    ]);
  },
};
