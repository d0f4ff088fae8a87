import { killPid } from '../harness/index.js';
import type { Scenario } from '../scenario.js';

const count = 1000;

export const scenario: Scenario = {
  summary: 'a receiver that stands still: busy_dist_port, nosuspend, and afterwards everything in order',
  drivers: ['local', 'netns'],
  async run({ scene }) {
    const { a, b } = await scene.pair({ a: { flags: ['+zdbbl', '64'] } });
    await a.gives('erlang:system_info(dist_buf_busy_limit)', '65536');
    await b.eval('macula_e2e:start_sink()');
    await a.gives('macula_e2e_apps:watch_busy()', 'ok');
    await a.gives("macula_e2e_apps:send_nosuspend('b@two.test')", 'ok');
    const pid = await b.beamPid();
    killPid(pid, 'SIGSTOP');
    const sent = a.eval(`macula_e2e:bulk_send('b@two.test', ${count}, 7)`, 110_000);
    sent.catch(() => {});
    await a.evalUntil('macula_e2e_apps:busy_events()', /{<[\d.]+>,true}/);
    await a.evalUntil("macula_e2e_apps:send_nosuspend('b@two.test')", 'nosuspend', 30_000);
    // What is under way comes to rest somewhere; from then on the port stays busy and the sender suspended.
    await a.evalUntil(
      'Counted = fun() -> [{_, #{bytes_out := B, msgs_out := M}}] = macula_dist_relay:get_tunnel_metrics(), {B, M} end, Before = Counted(), receive after 500 -> Counted() =:= Before end',
      'true',
      30_000,
    );
    await a.gives(
      '[] =/= [Pid || {Pid, true} <- macula_e2e_apps:busy_events(), process_info(Pid, status) =:= {status, suspended}]',
      'true',
    );
    await a.gives("macula_e2e_apps:send_nosuspend('b@two.test')", 'nosuspend');
    killPid(pid, 'SIGCONT');
    const wanted = await sent;
    await b.gives('macula_e2e:bulk_result(60000)', wanted, 70_000);
    await a.gives("macula_e2e_apps:send_nosuspend('b@two.test')", 'ok');
    await a.gives("net_adm:ping('b@two.test')", 'pong');
    await a.gives('nodes()', "['b@two.test']");
  },
};
