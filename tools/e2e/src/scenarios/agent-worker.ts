import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  descendantPids,
  eventually,
  killPid,
  longestCallMs,
  type OtpNode,
  type Relay,
} from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const faults = [
  ['kill -9 of', 'SIGKILL'],
  ['SIGSTOP of', 'SIGSTOP'],
] as const;
/** Of one transfer: about 37 MB each way, some seconds of it. */
const messages = 1000;

export const scenario: Scenario = {
  summary:
    "an agent's process with the native QUIC code is killed at the end that opened the tunnel, and hangs at the other (--full: both at each), amid a transfer in both directions: path loss and nothing more",
  seconds: 150,
  isLong: true,
  isAlone: true,
  needsProc: true,
  drivers: ['local', 'netns'],
  async run({ scene, seed, isFull, figure }) {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    // Else an agent may go on over TLS, and needs no such process then.
    const quicOf = ({ url }: Relay): string[] => [url.replace('https:', 'quic:')];
    const [a, b] = await Promise.all([
      scene.node({ name: 'a@one.test', relays: quicOf(relay1) }),
      scene.node({ name: 'b@two.test', relays: quicOf(relay2) }),
    ]);
    await a.evalUntil("net_adm:ping('b@two.test')", 'pong', 20_000);
    const [first, second] = [a, b].map(({ name }) => name);
    for (const node of [a, b]) {
      await node.eval('macula_e2e:start_server(e2e_server)');
      await node.eval('macula_e2e_mesh:watch()');
    }
    const agents = await Promise.all([a.agentPid(), b.agentPid()]);
    let reattachments = await reattached(a);
    for (const [turn, [what, signal]] of faults.entries())
      for (const [index, node] of [a, b].entries()) {
        if (!isFull && index !== turn) continue;
        const agent = agents[index]!;
        const workers = descendantPids(agent);
        assert.equal(workers.length, 1, `agent of ${node.name} has the processes ${workers}`);
        for (const each of [a, b]) await each.eval('macula_e2e:start_sink()');
        await a.eval(`macula_e2e_resume:start_calls('${second}')`);
        let isSending = true;
        const sent = Promise.all([
          a.eval(`macula_e2e:bulk_send('${second}', ${messages}, ${seed})`, 60_000),
          b.eval(`macula_e2e:bulk_send('${first}', ${messages}, ${seed + 1})`, 60_000),
        ]).finally(() => {
          isSending = false;
        });
        sent.catch(() => {});
        await sleep(1000);
        assert.ok(isSending, 'all was sent before anything happened');
        killPid(workers[0]!, signal);
        // The hung one is killed by its agent; whichever, another one takes its place.
        await eventually(
          () => {
            const now = descendantPids(agent);
            return now.length === 1 && now[0] !== workers[0];
          },
          { what: `another worker than ${workers} below agent ${agent}` },
        );
        const [sentByA, sentByB] = await sent;
        await b.gives('macula_e2e:bulk_result(60000)', sentByA!, 70_000);
        await a.gives('macula_e2e:bulk_result(60000)', sentByB!, 70_000);
        const callMs = await longestCallMs(a);
        figure(`${what} ${index === 0 ? 'the first' : 'the other'}`, `longest call ${callMs.toFixed(0)} ms`);
        const now = await reattached(a);
        assert.ok(now > reattachments, 'the tunnel never lost its path');
        reattachments = now;
        for (const each of [a, b]) {
          await each.gives(`macula_e2e_mesh:lost(['${first}', '${second}'])`, '[]');
        }
        assert.deepEqual(await Promise.all([a.agentPid(), b.agentPid()]), agents);
      }
  },
};

/** How often tunnels of this node have gone on over another path. */
async function reattached(node: OtpNode): Promise<number> {
  return Number(
    await node.eval('lists:sum([N || {_, #{reattachments := N}} <- macula_dist_relay:get_tunnel_metrics()])'),
  );
}
