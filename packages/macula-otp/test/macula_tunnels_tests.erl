%% What is counted while a tunnel is being resumed, and how it ends when that takes too long.
-module(macula_tunnels_tests).
-include_lib("eunit/include/eunit.hrl").

%% In milliseconds; as macula_tunnels has it.
-define(SLACK, 1000).

tunnels_test_() ->
    {foreach, local, fun setup/0, fun cleanup/1,
     [{Title, {timeout, 30, Test}}
      || {Title, Test} <- [{"each look counts as received while detached, no more once resumed", fun counts/0},
                           {"the flag has a deadline", fun deadline/0},
                           {"a tunnel that nobody resumes ends with its reason", fun window_over/0},
                           {"one that is resumed, or resumed later than it first said, doesn't", fun prolonged/0},
                           {"a restart of the registry forgets no deadline", fun restart/0},
                           {"detached for longer than any window is cut", fun bounded/0},
                           {"a handshake that is going on is not told of", fun not_up/0},
                           {"the agent's reason is told, the socket's when there is none", fun down/0}]]}.

setup() ->
    _ = process_flag(trap_exit, true),
    ok = macula_reasons:new_table(),
    ok = macula_tunnels:new_table(),
    ok = macula_events:new_table(),
    {ok, Events} = macula_events:start_link(),
    {ok, Tunnels} = macula_tunnels:start_link(),
    ok = macula_events:subscribe(self()),
    %% Warnings of these tunnels are no news.
    ok = logger:set_primary_config(level, none),
    {Events, Tunnels}.

cleanup(_) ->
    [gen_server:stop(Name) || Name <- [macula_tunnels, macula_events]],
    [ets:delete(Table) || Table <- [macula_tunnels, macula_events, macula_reasons]],
    ok = logger:set_primary_config(level, notice),
    flush().

counts() ->
    {ok, Listen} = gen_tcp:listen(0, [{inet_backend, inet}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listen),
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [{inet_backend, inet}]),
    Id = id(),
    _ = put(macula_tunnel_id, Id),
    ok = macula_tunnels:add(Id, a@b, Socket),
    Received = fun() -> {ok, Count, _, _} = macula_dist:getstat(Socket), Count end,
    ?assertEqual([0, 0], [Received(), Received()]),
    ok = macula_tunnels:detached(Id, 60000, path_lost),
    ?assertEqual([1, 2, 3], [Received(), Received(), Received()]),
    ok = macula_tunnels:resumed(Id, 10, 1),
    %% What was counted stays, or it would look as if something had come.
    ?assertEqual([3, 3], [Received(), Received()]),
    ok = macula_tunnels:detached(Id, 60000, silent),
    ?assertEqual(4, Received()),
    true = ets:delete(macula_tunnels, Id),
    ?assertEqual(4, Received()),
    _ = erase(),
    ok = gen_tcp:close(Socket),
    ok = gen_tcp:close(Listen).

deadline() ->
    {Id, Owner} = tunnel(),
    ok = macula_tunnels:detached(Id, 0, path_lost),
    ?assert(macula_tunnels:is_detached(Id)),
    ok = sys:suspend(macula_tunnels),
    timer:sleep(?SLACK + 50),
    ?assertNot(macula_tunnels:is_detached(Id)),
    ?assert(is_process_alive(Owner)),
    ok = sys:resume(macula_tunnels).

window_over() ->
    {Id, Owner} = tunnel(),
    Monitor = monitor(process, Owner),
    ok = macula_tunnels:detached(Id, 200, path_lost),
    ?assertMatch({tunnel_detached, #{node := a@b, tunnel := Id, reason := path_lost, window_ms := 200, text := _}}, event()),
    receive {'DOWN', Monitor, process, _, Reason} -> ?assertEqual({macula, window_over}, Reason) end,
    ?assertMatch({tunnel_down, #{node := a@b, tunnel := Id, reason := window_over, text := <<"The connection lost its path", _/binary>>}}, event()),
    ?assertMatch({ok, #{reason := window_over}}, macula_reasons:lookup(a@b)).

prolonged() ->
    {Resumed, Owner} = tunnel(),
    {Prolonged, Other} = tunnel(),
    ok = macula_tunnels:detached(Resumed, 0, path_lost),
    ok = macula_tunnels:resumed(Resumed, 5, 3),
    ok = macula_tunnels:detached(Prolonged, 0, path_lost),
    ok = macula_tunnels:detached(Prolonged, 60000, path_lost),
    ?assertMatch([{tunnel_detached, _}, {tunnel_resumed, #{after_ms := 5, reattachments := 3}}, {tunnel_detached, _}, {tunnel_detached, _}],
                 [event(), event(), event(), event()]),
    timer:sleep(2 * ?SLACK + 300),
    ?assert(is_process_alive(Owner)),
    ?assert(is_process_alive(Other)),
    ?assertNot(macula_tunnels:is_detached(Resumed)),
    ?assert(macula_tunnels:is_detached(Prolonged)).

restart() ->
    {Id, Owner} = tunnel(),
    Monitor = monitor(process, Owner),
    ok = macula_tunnels:detached(Id, 200, path_lost),
    exit(whereis(macula_tunnels), kill),
    receive {'EXIT', _, killed} -> ok end,
    {ok, _} = macula_tunnels:start_link(),
    receive {'DOWN', Monitor, process, _, Reason} -> ?assertEqual({macula, window_over}, Reason) end.

bounded() ->
    {Id, _} = tunnel(),
    ok = macula_tunnels:detached(Id, 1 bsl 70, path_lost),
    ?assertMatch({tunnel_detached, #{window_ms := 310000}}, event()).

not_up() ->
    Id = id(),
    Owner = spawn(fun() -> macula_tunnels:add(Id, a@b, none), receive stop -> ok end end),
    until(fun() -> macula_tunnels:list() =/= [] end),
    ok = macula_tunnels:detached(Id, 0, path_lost),
    ok = macula_tunnels:resumed(Id, 0, 0),
    ok = macula_tunnels:detached(<<"unknown">>, 0, path_lost),
    Owner ! stop,
    until(fun() -> macula_tunnels:list() =:= [] end),
    _ = sys:get_state(macula_events),
    ?assertEqual(none, receive {macula, _, _} = Message -> Message after 0 -> none end).

down() ->
    Told = fun(Ends) ->
                   {Id, Owner} = tunnel(),
                   _ = Ends(Id, Owner),
                   {tunnel_down, #{reason := Reason, tunnel := Id}} = event(),
                   Reason
           end,
    Exit = fun(Reason) -> fun(_, Owner) -> exit(Owner, Reason) end end,
    ?assertEqual(no_progress, Told(fun(Id, _) -> macula_tunnels:end_tunnel(Id, no_progress, <<>>) end)),
    ?assertEqual(beam_closed, Told(fun(Id, Owner) ->
                                           ok = macula_tunnels:end_tunnel(Id, beam_closed, <<>>),
                                           exit(Owner, connection_closed)
                                   end)),
    ?assertEqual(disconnect, Told(Exit(disconnect))),
    ?assertEqual(killed, Told(Exit(kill))),
    ?assertEqual(net_tick_timeout, Told(Exit(net_tick_timeout))),
    %% The socket may end before the agent's word comes, or there is none.
    ?assertEqual(left, Told(fun(Id, Owner) ->
                                    exit(Owner, connection_closed),
                                    until(fun() -> macula_tunnels:list() =:= [] end),
                                    macula_tunnels:end_tunnel(Id, left, <<"late">>)
                            end)),
    ?assertEqual(connection_closed, Told(Exit(connection_closed))).

%% A connection that is up, with a process of its own; its first event is taken.
tunnel() ->
    Id = id(),
    Owner = spawn(fun() -> macula_tunnels:add(Id, a@b, none), macula_tunnels:up(Id, a@b), receive never -> ok end end),
    ?assertMatch({tunnel_up, #{node := a@b, tunnel := Id}}, event()),
    _ = sys:get_state(macula_tunnels),
    {Id, Owner}.

event() ->
    receive {macula, Kind, Info} -> {Kind, Info} after 20000 -> none end.

id() ->
    crypto:strong_rand_bytes(32).

until(Probe) ->
    case Probe() of
        true -> ok;
        false -> timer:sleep(5), until(Probe)
    end.

flush() ->
    receive _ -> flush() after 0 -> ok end.
