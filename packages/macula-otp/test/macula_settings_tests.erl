-module(macula_settings_tests).
-include_lib("eunit/include/eunit.hrl").

defaults_test() ->
    ?assertEqual([25000, 60000, 30000, 64, 2000, 15, 1], [macula_settings:value(Name) || Name <- macula_settings:names()]),
    ?assertEqual({ok, 30000}, macula_settings:window(#{reconnect_interval => 2000, reconnect_max_attempts => 15})).

%% An option, the application environment, MACULA_DIST_TIMEOUT, DIST_TIMEOUT, the default.
order_test() ->
    Value = fun() -> macula_settings:value(dist_timeout) end,
    true = os:putenv("DIST_TIMEOUT", "1001"),
    ?assertEqual(1001, Value()),
    true = os:putenv("MACULA_DIST_TIMEOUT", "1002"),
    ?assertEqual(1002, Value()),
    ok = application:set_env(macula, dist_timeout, 1003),
    ?assertEqual(1003, Value()),
    {ok, Options} = macula_options:parse(#{relays => [<<"https://a:1">>], dist_timeout => 1004}),
    ok = macula_joined:set(Options),
    ?assertEqual(1004, Value()),
    ok = macula_joined:leave(),
    true = persistent_term:erase({macula, joined}),
    ?assertEqual(1003, Value()),
    ok = application:unset_env(macula, dist_timeout),
    true = os:unsetenv("MACULA_DIST_TIMEOUT"),
    true = os:unsetenv("DIST_TIMEOUT"),
    ?assertEqual(25000, Value()).

bad_values_test_() ->
    [?_assertEqual({error, Why}, macula_settings:check(Name, Value))
     || {Name, Value, Why} <- [{dist_timeout, 999, {not_in_range, 1000, 600000}}, {dist_timeout, 600001, {not_in_range, 1000, 600000}},
                               {reconnect_interval, 99, {not_in_range, 100, 60000}}, {reconnect_max_attempts, 0, {not_in_range, 1, 3000}},
                               {backpressure_hwm, 1025, {not_in_range, 1, 1024}}, {standby_sessions, 4, {not_in_range, 0, 3}}, {backpressure_hwm, -1, {not_in_range, 1, 1024}},
                               {controller_timeout, 1.0e4, not_an_integer}, {bridge_recv_timeout, infinity, not_an_integer}]].

none_stands_by_test() ->
    ?assertEqual({ok, 0}, macula_settings:check(standby_sessions, 0)).

%% A bad value outside of a join counts as not set, and says where it stands in one.
places_test() ->
    true = os:putenv("RECONNECT_INTERVAL", "2 s"),
    ?assertEqual({error, {in_environment, "RECONNECT_INTERVAL", not_an_integer}}, macula_settings:configured(reconnect_interval)),
    ?assertEqual(2000, macula_settings:value(reconnect_interval)),
    ok = application:set_env(macula, reconnect_interval, soon),
    ?assertEqual({error, {in_application_env, not_an_integer}}, macula_settings:configured(reconnect_interval)),
    ?assertEqual({error, {bad_option, {reconnect_interval, {in_application_env, not_an_integer}}}},
                 macula_options:parse(#{relays => [<<"https://a:1">>]})),
    ?assertMatch({ok, #{reconnect_interval := 500}}, macula_options:parse(#{relays => [<<"https://a:1">>], reconnect_interval => 500})),
    ok = application:unset_env(macula, reconnect_interval),
    true = os:unsetenv("RECONNECT_INTERVAL").

window_test() ->
    Parse = fun(Attempts) ->
                    macula_options:parse(#{relays => [<<"https://a:1">>], reconnect_interval => 60000, reconnect_max_attempts => Attempts})
            end,
    ?assertMatch({ok, _}, Parse(5)),
    ?assertEqual({error, {bad_option, {reconnect_max_attempts, {window_too_long, 300000}}}}, Parse(6)).
