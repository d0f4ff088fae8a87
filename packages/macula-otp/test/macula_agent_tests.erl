-module(macula_agent_tests).
-include_lib("eunit/include/eunit.hrl").

not_distributed_test() ->
    ?assertMatch({error, {not_distributed, #{text := _}}}, macula:join_mesh(#{relays => [<<"https://a:1">>]})),
    ?assertMatch({error, {bad_option, {relays, missing}}}, macula:join_mesh(#{})),
    ?assertMatch(#{agent := down, joined := false, text := _}, macula:status()),
    ?assertMatch(#{reason := never_tried, node := a@b}, macula:why(a@b)),
    ?assertMatch({error, {not_distributed, #{text := _}}}, macula:subscribe()),
    ?assertEqual(ok, macula:unsubscribe()),
    ?assertEqual([], macula_dist_relay:get_tunnel_metrics()),
    ?assertEqual([], macula_dist_relay:get_tunnel_metrics(a@b)),
    ?assertEqual({error, not_found}, macula_dist_relay:get_tunnel_metrics(<<0:256>>)).

environment_for_agent_test() ->
    os:putenv("NODE_OPTIONS", "--inspect"),
    os:putenv("ERL_FLAGS", ""),
    application:set_env(macula, agent_env, [{"NODE_EXTRA_CA_CERTS", "/ca.pem"}]),
    Environment = macula_config:agent_environment(),
    ?assertEqual(false, proplists:get_value("NODE_OPTIONS", Environment)),
    ?assertEqual(false, proplists:get_value("ERL_FLAGS", Environment)),
    ?assertEqual("/ca.pem", proplists:get_value("NODE_EXTRA_CA_CERTS", Environment)),
    os:unsetenv("NODE_OPTIONS"),
    os:unsetenv("ERL_FLAGS"),
    application:unset_env(macula, agent_env).

settings_test() ->
    ?assertEqual(10000, macula_config:integer(connect_timeout)),
    os:putenv("MACULA_CONNECT_TIMEOUT", "nonsense"),
    ?assertEqual(10000, macula_config:integer(connect_timeout)),
    os:putenv("MACULA_CONNECT_TIMEOUT", "1234"),
    ?assertEqual(1234, macula_config:integer(connect_timeout)),
    application:set_env(macula, connect_timeout, 99),
    ?assertEqual(99, macula_config:integer(connect_timeout)),
    application:unset_env(macula, connect_timeout),
    os:unsetenv("MACULA_CONNECT_TIMEOUT").

status_is_hidden_test() ->
    #{state := Shown, message := Message} =
        macula_agent:format_status(#{state => setelement(3, {state, port, #{}, "", 1, 1, 1, 1, 1, #{}, [], [key]}, #{}),
                                     message => {connect, key}}),
    ?assertNot(is_tuple(Shown)),
    ?assertEqual(hidden, Message).

joined_test() ->
    {ok, Options} = macula_options:parse(#{relays => [<<"https://a:1">>]}),
    ?assertEqual(none, macula_joined:wanted()),
    ok = macula_joined:set(Options),
    ?assertEqual({ok, Options}, macula_joined:wanted()),
    ?assertEqual("relay", os:getenv("MACULA_DIST_MODE")),
    ok = macula_joined:leave(),
    ?assertEqual(none, macula_joined:wanted()),
    ?assertEqual(false, os:getenv("MACULA_DIST_MODE")),
    persistent_term:erase({macula, joined}).

application_test() ->
    {ok, _} = application:ensure_all_started(macula),
    ok = application:stop(macula).
