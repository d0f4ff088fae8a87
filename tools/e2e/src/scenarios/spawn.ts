import type { Scenario } from '../scenario.js';

export const scenario: Scenario = {
  summary:
    'spawn, spawn_link, spawn_monitor, spawn_request, links, monitors, exit signals, aliases, group leader',
  async run({ scene }) {
    const { a, b } = await scene.pair();
    const other = "'b@two.test'";
    const next = 'receive M -> M after 5000 -> none end';
    await a.gives(`spawn(${other}, macula_e2e:teller(self())), ${next}`, `{here,${other}}`);
    await a.gives(`spawn(${other}, erlang, send, [self(), arrived]), ${next}`, 'arrived');
    await a.gives(
      `process_flag(trap_exit, true), P = spawn_link(${other}, erlang, exit, [gone]), receive {'EXIT', P, R} -> R after 5000 -> none end`,
      'gone',
    );
    await a.gives(
      `{P, M} = spawn_monitor(${other}, erlang, exit, [gone]), receive {'DOWN', M, process, P, R} -> R after 5000 -> none end`,
      'gone',
    );
    await a.gives(
      `Q = spawn_request(${other}, timer, sleep, [60000], [{reply, yes}, monitor, link]), receive {spawn_reply, Q, ok, P} -> is_process_alive(self()) andalso node(P) =:= ${other} after 5000 -> none end`,
      'true',
    );
    await a.gives(
      `Q = spawn_request('nobody@nowhere.test', timer, sleep, [1], [{reply, yes}]), receive {spawn_reply, Q, error, R} -> R after 20000 -> none end`,
      'noconnection',
      30_000,
    );
    // A link made later, broken by exit/2 from the other side of it; unlink first keeps the message away.
    await a.gives(
      `process_flag(trap_exit, true), P = spawn(${other}, timer, sleep, [60000]), link(P), exit(P, kill), receive {'EXIT', P, R} -> R after 5000 -> none end`,
      'killed',
    );
    await a.gives(
      `process_flag(trap_exit, true), P = spawn(${other}, timer, sleep, [60000]), link(P), unlink(P), M = monitor(process, P), exit(P, kill), receive {'DOWN', M, process, P, R} -> receive {'EXIT', P, _} -> linked after 0 -> R end after 5000 -> none end`,
      'killed',
    );
    await a.gives(
      `process_flag(trap_exit, true), link(rpc:call(${other}, erlang, list_to_pid, ["<0.32000.7>"])), receive {'EXIT', _, R} -> R after 5000 -> none end`,
      'noproc',
    );
    await a.gives(
      `M = monitor(process, {no_such_name, ${other}}), receive {'DOWN', M, process, _, R} -> R after 5000 -> none end`,
      'noproc',
    );
    await a.gives(
      `A = alias(), spawn(${other}, erlang, send, [A, hello]), receive hello -> ok after 5000 -> none end`,
      'ok',
    );
    await a.gives(`node(erpc:call(${other}, erlang, group_leader, []))`, "'a@one.test'");
    // The whole node goes: link and monitor end with noconnection, monitor_node too.
    const waiting = a.eval(
      `process_flag(trap_exit, true), P = spawn_link(${other}, timer, sleep, [60000]), M = monitor(process, P), monitor_node(${other}, true), self() ! ready, receive ready -> ok end, receive {'EXIT', P, E} -> receive {'DOWN', M, process, P, D} -> receive {nodedown, N} -> {E, D, N} after 20000 -> no_nodedown end after 20000 -> no_down end after 20000 -> no_exit end`,
      30_000,
    );
    await b.evalUntil('length(element(2, process_info(whereis(net_kernel), links))) > 0', 'true');
    await a.evalUntil(`length(rpc:call(${other}, erlang, processes, [])) > 0`, 'true');
    await b.kill();
    const answer = await waiting;
    if (answer !== `{noconnection,noconnection,${other}}`) throw new Error(`a dead node gave ${answer}`);
  },
};
