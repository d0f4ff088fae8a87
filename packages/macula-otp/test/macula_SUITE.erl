%% @doc Nodes that Common Test starts with peer(3), with the carrier and fake agents. run.mjs sets FAKE_MESH and MACULA_AGENT.
-module(macula_SUITE).
-behaviour(ct_suite).

-export([all/0, init_per_testcase/2, end_per_testcase/2]).
-export([connects/1, carries_calls_and_links/1, tells_why_a_node_went/1, wants_the_same_cookie/1, hides_hidden_nodes/1,
         refuses_options_that_break_a_link/1, starts_and_stops_at_run_time/1, keeps_short_and_long_names_apart/1,
         keeps_links_through_a_code_change/1, answers_a_flood_of_large_messages/1, outlives_its_path_and_says_so/1]).

-include_lib("stdlib/include/assert.hrl").

-spec all() -> [atom()].
all() ->
    [connects, carries_calls_and_links, tells_why_a_node_went, wants_the_same_cookie, hides_hidden_nodes,
     refuses_options_that_break_a_link, starts_and_stops_at_run_time, keeps_short_and_long_names_apart,
     keeps_links_through_a_code_change, answers_a_flood_of_large_messages, outlives_its_path_and_says_so].

init_per_testcase(_Case, Config) ->
    Config.

end_per_testcase(_Case, Config) ->
    Config.

connects(_Config) ->
    with([{one, []}, {two, []}],
         fun(One, Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ?assertEqual(['two@host.ct'], peer:call(One, erlang, nodes, [])),
                 ?assertEqual(['one@host.ct'], peer:call(Two, erlang, nodes, [])),
                 ?assertEqual(pong, ping(Two, 'one@host.ct')),
                 ?assertEqual(pang, ping(One, 'nobody@host.ct')),
                 ?assertMatch(#{reason := not_found}, peer:call(One, macula, why, ['nobody@host.ct']))
         end).

carries_calls_and_links(_Config) ->
    with([{one, []}, {two, []}],
         fun(One, Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ?assertEqual('two@host.ct', peer:call(One, erpc, call, ['two@host.ct', erlang, node, []])),
                 Pid = peer:call(Two, erlang, spawn, [macula_ct_node, echo, []]),
                 ?assertEqual(killed, peer:call(One, macula_ct_node, linked_exit, [Pid], 10000))
         end).

tells_why_a_node_went(_Config) ->
    %% Without global, which may connect again in the middle of its introductions.
    Alone = ["-connect_all", "false"],
    with([{one, Alone}, {two, Alone}],
         fun(One, _Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ok = peer:call(One, macula_ct_node, watch_nodes, []),
                 true = peer:call(One, erlang, disconnect_node, ['two@host.ct']),
                 ?assertEqual({nodedown, 'two@host.ct', disconnect}, peer:call(One, macula_ct_node, watched, [])),
                 ?assertMatch(#{reason := disconnect}, peer:call(One, macula, why, ['two@host.ct']))
         end).

wants_the_same_cookie(_Config) ->
    with([{one, ["-setcookie", "a"]}, {two, ["-setcookie", "b"]}],
         fun(One, Two) ->
                 pang = ping(One, 'two@host.ct'),
                 #{reason := Reason} = Why = peer:call(One, macula, why, ['two@host.ct']),
                 ?assertEqual({decrypt_failed, Why}, {Reason, Why}),
                 true = peer:call(Two, erlang, set_cookie, ['one@host.ct', a]),
                 pong = ping(One, 'two@host.ct')
         end).

hides_hidden_nodes(_Config) ->
    with([{one, ["-hidden"]}, {two, []}],
         fun(One, Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ?assertEqual([], peer:call(Two, erlang, nodes, [])),
                 ?assertEqual(['one@host.ct'], peer:call(Two, erlang, nodes, [hidden]))
         end).

refuses_options_that_break_a_link(_Config) ->
    with([{one, []}, {two, []}],
         fun(One, _Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ?assertMatch({error, _}, peer:call(One, net_kernel, setopts, ['two@host.ct', [{active, false}]])),
                 ?assertEqual(ok, peer:call(One, net_kernel, setopts, ['two@host.ct', [{sndbuf, 65536}]])),
                 ?assertEqual('two@host.ct', peer:call(One, erpc, call, ['two@host.ct', erlang, node, []]))
         end).

starts_and_stops_at_run_time(_Config) ->
    {ok, Two} = start(two, "host.ct", true, []),
    {ok, Late, _} = peer:start(#{connection => standard_io, args => flags()}),
    try
        _ = [begin
                 {ok, _} = peer:call(Late, net_kernel, start, [['late@host.ct', longnames]]),
                 true = peer:call(Late, erlang, set_cookie, [ct]),
                 until(fun() -> ping(Late, 'two@host.ct') =:= pong end),
                 ?assertEqual(['late@host.ct'], peer:call(Two, erlang, nodes, [])),
                 ok = peer:call(Late, net_kernel, stop, []),
                 until(fun() -> peer:call(Two, erlang, nodes, []) =:= [] end)
             end || _ <- [1, 2, 3]]
    after
        _ = peer:stop(Late),
        _ = peer:stop(Two)
    end.

keeps_short_and_long_names_apart(_Config) ->
    {ok, Short} = start(short, "ct", false, []),
    {ok, Long} = start(long, "host.ct", true, []),
    try
        ?assertEqual(pang, ping(Short, 'long@host.ct')),
        ?assertMatch(#{reason := name_type}, peer:call(Short, macula, why, ['long@host.ct'])),
        ?assertEqual(pang, ping(Long, 'short@ct')),
        ?assertMatch(#{reason := refused}, peer:call(Long, macula, why, ['short@ct']))
    after
        _ = peer:stop(Short),
        _ = peer:stop(Long)
    end.

keeps_links_through_a_code_change(_Config) ->
    Tick = ["-kernel", "net_ticktime", "4"],
    with([{one, Tick}, {two, Tick}],
         fun(One, Two) ->
                 pong = ping(One, 'two@host.ct'),
                 ok = peer:call(One, macula_ct_node, watch_nodes, []),
                 {Module, Binary, File} = peer:call(One, code, get_object_code, [macula_dist]),
                 _ = [begin
                          _ = peer:call(One, code, purge, [Module]),
                          {module, Module} = peer:call(One, code, load_binary, [Module, File, changed(Binary, Round)])
                      end || Round <- [1, 2]],
                 timer:sleep(6000),
                 ?assertEqual(none, peer:call(One, macula_ct_node, watched_now, [])),
                 ?assertEqual(pong, ping(Two, 'one@host.ct'))
         end).

answers_a_flood_of_large_messages(_Config) ->
    with([{one, []}, {two, []}],
         fun(One, _Two) ->
                 pong = ping(One, 'two@host.ct'),
                 Sizes = [0, 1, 65535, 65536, 65537, 1000000, 20000000],
                 ?assertEqual(Sizes, peer:call(One, macula_ct_node, sizes_there, ['two@host.ct', Sizes], 60000))
         end).

%% For 1.6 ticktimes; without the carrier's help it is over after 1.25 at most.
outlives_its_path_and_says_so(_Config) ->
    Flags = ["-kernel", "net_ticktime", "4", "-connect_all", "false"],
    with([{one, Flags}, {two, Flags}],
         fun(One, Two) ->
                 ok = peer:call(One, macula_ct_node, subscribe, []),
                 pong = ping(One, 'two@host.ct'),
                 [{Id, #{state := open}}] = peer:call(One, macula_dist_relay, get_tunnel_metrics, []),
                 Signal = fun(Name) -> [_ = peer:call(Peer, macula_ct_node, signal_agent, [Name]) || Peer <- [One, Two]] end,
                 _ = Signal("USR2"),
                 _ = peer:call(One, macula_ct_node, events, [2], 10000),
                 ?assertMatch({ok, #{state := detached}}, peer:call(One, macula_dist_relay, get_tunnel_metrics, [Id])),
                 timer:sleep(6500),
                 _ = Signal("USR2"),
                 _ = peer:call(One, macula_ct_node, events, [3], 10000),
                 ?assertEqual('two@host.ct', peer:call(One, erpc, call, ['two@host.ct', erlang, node, []])),
                 ?assertMatch([{Id, #{state := open, reattachments := 1}}], peer:call(One, macula_dist_relay, get_tunnel_metrics, ['two@host.ct'])),
                 %% This side's alone: the tunnel would be gone here before its own agent has said why, were the other's faster.
                 _ = peer:call(One, macula_ct_node, signal_agent, ["HUP"]),
                 ?assertMatch([{tunnel_up, #{node := 'two@host.ct', tunnel := Id}},
                               {tunnel_detached, #{tunnel := Id, reason := path_lost, window_ms := 60000}},
                               {tunnel_resumed, #{tunnel := Id, reattachments := 1}},
                               {tunnel_down, #{tunnel := Id, reason := relay_lost, text := _}}],
                              peer:call(One, macula_ct_node, events, [4], 10000))
         end).

with([{NameA, ArgsA}, {NameB, ArgsB}], Test) ->
    {ok, A} = start(NameA, "host.ct", true, ArgsA),
    try
        {ok, B} = start(NameB, "host.ct", true, ArgsB),
        try Test(A, B) after _ = peer:stop(B) end
    after
        _ = peer:stop(A)
    end.

start(Name, Host, IsLong, Args) ->
    Cookie = case lists:member("-setcookie", Args) of true -> []; false -> ["-setcookie", "ct"] end,
    {ok, Peer, _} = peer:start(#{name => Name, host => Host, longnames => IsLong, connection => standard_io,
                                 args => flags() ++ Cookie ++ Args}),
    until(fun() -> maps:get(agent, peer:call(Peer, macula, status, [])) =:= up end),
    {ok, Peer}.

flags() ->
    Paths = [filename:dirname(code:which(Module)) || Module <- [macula_dist, ?MODULE]],
    ["-proto_dist", "macula", "-no_epmd", "-start_epmd", "false", "-pa" | Paths].

ping(Peer, Node) ->
    peer:call(Peer, net_adm, ping, [Node], 30000).

changed(Binary, Round) ->
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Binary, [abstract_code]),
    {ok, _, Changed} = compile:forms(lists:flatmap(fun({attribute, Line, module, _} = Form) -> [Form, {attribute, Line, round, Round}];
                                                                    (Form) -> [Form]
                                                                 end, Forms)),
    Changed.

until(Probe) ->
    until(Probe, 200).

until(Probe, Left) ->
    case Probe() of
        true -> ok;
        false when Left > 0 -> timer:sleep(50), until(Probe, Left - 1)
    end.
