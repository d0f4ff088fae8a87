import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.js';

const callers = 2;
const callsOfEach = 2_000;
/** A relay that spoils one record in 10,000 of a direction is noticed. */
const recordsMin = 12_000;

export const scenario: Scenario = {
  summary: `${2 * callers * callsOfEach} calls and as many numbered messages, in both directions at once, over one tunnel: each is answered once, in order`,
  async run({ scene, figure }) {
    const { a, b } = await scene.pair();
    const nodes = [a, b] as const;
    for (const node of nodes) {
      await node.eval('macula_e2e:start_server(e2e_server)');
      await node.eval('macula_e2e_mesh:watch()');
    }
    const tunnels = '[Id || {Id, _} <- macula_dist_relay:get_tunnel_metrics()]';
    const before = await a.eval(tunnels);
    const startedMs = performance.now();
    const ended = await Promise.allSettled(
      nodes.map((node) =>
        node.eval(
          `macula_e2e_calls:many('${(node === a ? b : a).name}', ${callers}, ${callsOfEach})`,
          100_000,
        ),
      ),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    // That the link was lost says more than a call that failed with it.
    for (const node of nodes) await node.gives(`macula_e2e_mesh:lost(['${a.name}', '${b.name}'])`, '[]');
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    await a.gives(tunnels, before);
    const records = await a.eval(
      'hd([{Out, In} || {_, #{msgs_out := Out, msgs_in := In}} <- macula_dist_relay:get_tunnel_metrics()])',
    );
    const counts = records.slice(1, -1).split(',').map(Number);
    assert.ok(
      counts.every((count) => count >= recordsMin),
      `${records} records are too few`,
    );
    figure('calls', `${Math.round((2 * callers * callsOfEach) / seconds)}/s`);
    figure('records', `${counts.join(' and ')}`);
  },
};
