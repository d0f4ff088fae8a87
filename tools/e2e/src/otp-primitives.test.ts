import { beforeAll, describe, expect, it } from 'vitest';
import type { OtpNode } from './harness/index.js';
import { explainFailure, useScene } from './use-scene.js';

describe('two OTP nodes behind two peered relays', () => {
  const scene = useScene();
  let a: OtpNode;
  let b: OtpNode;

  beforeAll(async () => {
    const relay1 = await scene.relay({ label: 'relay-1' });
    const relay2 = await scene.relay({ label: 'relay-2', peers: [relay1.url] });
    [a, b] = await Promise.all([scene.node({ name: 'a@one.test' }), scene.node({ name: 'b@two.test' })]);
    expect(await Promise.all([a.join([relay1.url]), b.join([relay2.url])])).toEqual(['ok', 'ok']);
  });

  it('net_adm:ping both ways', async () => {
    explainFailure(scene);
    await a.evalUntil(`net_adm:ping('b@two.test')`, 'pong', 15_000);
    expect(await b.ping(a)).toBe('pong');
    expect([await a.eval('nodes()'), await b.eval('nodes()')]).toEqual(["['b@two.test']", "['a@one.test']"]);
  });

  it('no process is in the data path: the distribution controller is a port', async () => {
    expect(await a.eval('[is_port(C) || {_, C} <- erlang:system_info(dist_ctrl)]')).toBe('[true]');
  });

  it('rpc:call, erpc:call and spawn', async () => {
    explainFailure(scene);
    expect(await a.eval(`rpc:call('b@two.test', erlang, node, [])`)).toBe("'b@two.test'");
    expect(await b.eval(`erpc:call('a@one.test', erlang, node, [])`)).toBe("'a@one.test'");
    expect(
      await a.eval(
        `S = self(), spawn('b@two.test', erlang, send, [S, arrived]), receive M -> M after 5000 -> none end`,
      ),
    ).toBe('arrived');
  });

  it('gen_server:call to a registered name', async () => {
    await b.eval('macula_e2e:start_server(e2e_server)');
    expect(await a.eval(`gen_server:call({e2e_server, 'b@two.test'}, {hello, 42})`)).toBe(
      "{'b@two.test',{hello,42}}",
    );
  });

  it('pg: both see both members', async () => {
    await Promise.all([a, b].map((node) => node.eval('macula_e2e:pg_member(group)')));
    for (const node of [a, b])
      expect(await node.eval('macula_e2e:pg_wait(group, 2, 10000)')).toBe("['a@one.test','b@two.test']");
  });

  it("monitor: 'DOWN' with the reason when the process is killed", async () => {
    expect(
      await a.eval(
        `macula_e2e:kill_and_wait_down(rpc:call('b@two.test', macula_e2e, monitored_victim, []), 5000)`,
      ),
    ).toBe('{down,killed}');
  });

  it('tunnel metrics count what went through', async () => {
    const before = Number(
      await a.eval('lists:sum([B || {_, #{bytes_out := B}} <- macula_dist_relay:get_tunnel_metrics()])'),
    );
    expect(
      await a.eval(
        `B = crypto:strong_rand_bytes(1000000), {1000000, H} = gen_server:call({e2e_server, 'b@two.test'}, {sha256, B}), H =:= string:lowercase(binary_to_list(<< <<(integer_to_binary(N, 16))/binary>> || <<N:4>> <= crypto:hash(sha256, B) >>))`,
      ),
    ).toBe('true');
    await a.evalUntil(
      `lists:sum([B || {_, #{bytes_out := B}} <- macula_dist_relay:get_tunnel_metrics()]) - ${before} >= 1000000`,
      'true',
    );
    expect(
      await a.eval('[lists:sort(maps:keys(M)) || {_, M} <- macula_dist_relay:get_tunnel_metrics()]'),
    ).toMatch(/bytes_in.*bytes_out.*msgs_in.*msgs_out/);
    expect(await a.eval(`maps:get(reason, macula:why('b@two.test'))`)).toBe('connected');
  });

  it("monitor: 'DOWN' with noconnection when the whole node dies", async () => {
    const waiting = a.eval(
      `monitor_node('b@two.test', true), receive {nodedown, N} -> N after 60000 -> timeout end`,
      70_000,
    );
    await a.eval('nodes()');
    await b.kill();
    expect(await waiting).toBe("'b@two.test'");
  });
});
