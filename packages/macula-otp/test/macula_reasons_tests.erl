-module(macula_reasons_tests).
-include_lib("eunit/include/eunit.hrl").

reasons_test_() ->
    {foreach, fun macula_reasons:new_table/0, fun(_) -> ets:delete(macula_reasons) end,
     [{"last wins", fun last/0}, {"bounded", fun bounded/0}, {"detail", fun detail/0}, {"other carrier", fun elsewhere/0},
      {"a name from the network makes no atom", fun stranger/0}]}.

last() ->
    macula_reasons:record(a@b, not_found, ""),
    macula_reasons:record(a@b, busy, ""),
    ?assertMatch({ok, #{reason := busy}}, macula_reasons:lookup(a@b)),
    macula_reasons:forget(a@b),
    ?assertEqual(error, macula_reasons:lookup(a@b)).

bounded() ->
    Names = [list_to_atom("n" ++ integer_to_list(N) ++ "@h") || N <- lists:seq(1, 1010)],
    [macula_reasons:record(Name, not_found, "") || Name <- Names],
    ?assertEqual(1000, ets:info(macula_reasons, size)),
    ?assertEqual(error, macula_reasons:lookup(hd(Names))),
    ?assertMatch({ok, _}, macula_reasons:lookup(lists:last(Names))).

detail() ->
    macula_reasons:record(a@b, timeout, ["after ", <<"25 s">>]),
    {ok, #{text := Text}} = macula_reasons:lookup(a@b),
    ?assertMatch({match, _}, re:run(Text, "DIST_TIMEOUT.*\\(after 25 s\\)$")).

elsewhere() ->
    ?assertNot(macula_reasons:is_elsewhere(a@b)),
    macula_reasons:record(a@b, not_found, ""),
    ?assert(macula_reasons:is_elsewhere(a@b)),
    macula_reasons:record(a@b, decrypt_failed, ""),
    ?assertNot(macula_reasons:is_elsewhere(a@b)).

%% Every reason of PROTOCOL.md has cause and remedy of its own.
explanations_test_() ->
    [?_assertNotMatch(<<"The connection ended", _/binary>>, macula_reasons:explain(Reason))
     || Reason <- [not_joined, not_found, not_here, hop_limit, decrypt_failed, refused, timeout, relay_lost, peer_closed, busy,
                   too_many_failures, tunnel_limit, open_rate, bad_name, internal, agent_unavailable, connected, detached, never_tried, left, beam_closed, agent_stopped, disconnect,
                   window_over, no_progress, path_lost, path_reset, path_ended, silent, slept, killed, shutdown, unknown_tunnel, token_revoked, token_expired]].

no_table_test() ->
    ?assertEqual(ok, macula_reasons:record(a@b, busy, "")),
    ?assertEqual(error, macula_reasons:lookup(a@b)),
    ?assertNot(macula_reasons:is_elsewhere(a@b)).

stranger() ->
    Name = binary:encode_hex(crypto:strong_rand_bytes(8)),
    Stranger = <<Name/binary, "@h">>,
    macula_reasons:record(Stranger, decrypt_failed, ""),
    ?assertError(badarg, binary_to_existing_atom(Stranger)),
    ?assertMatch({ok, #{reason := decrypt_failed}}, macula_reasons:lookup(binary_to_atom(Stranger))).

%% The socket of a tunnel may end before its reason comes.
late_reason_test() ->
    ok = macula_reasons:new_table(),
    ok = macula_tunnels:new_table(),
    {ok, Pid} = macula_tunnels:start_link(),
    Id = crypto:strong_rand_bytes(32),
    {Owner, Monitor} = spawn_monitor(fun() -> macula_tunnels:add(Id, a@b, none), macula_tunnels:up(Id, a@b),
                                              receive stop -> exit(connection_closed) end end),
    _ = sys:get_state(Pid),
    Owner ! stop,
    receive {'DOWN', Monitor, process, _, _} -> ok end,
    Settle = fun() -> timer:sleep(20), sys:get_state(Pid) end,
    Settle(),
    ?assertMatch({ok, #{reason := connection_closed}}, macula_reasons:lookup(a@b)),
    ok = macula_tunnels:end_tunnel(Id, left, <<"late">>),
    ?assertEqual(#{}, Settle()),
    ?assertMatch({ok, #{reason := left}}, macula_reasons:lookup(a@b)),
    gen_server:stop(Pid),
    ets:delete(macula_tunnels),
    ets:delete(macula_reasons).
