-module(macula_env_tests).
-include_lib("eunit/include/eunit.hrl").

parse(Variables) ->
    macula_env:parse(fun(Name) -> proplists:get_value(Name, Variables, "") end).

nothing_set_test() ->
    ?assertEqual(none, parse([])),
    ?assertEqual(none, parse([{"MACULA_RELAYS", " , "}, {"MACULA_REALM", "x"}])).

separators_test() ->
    {ok, #{relays := Relays}} = parse([{"MACULA_RELAYS", "https://a:1, https://b:2 https://c:3"}]),
    ?assertEqual([<<"https://a:1">>, <<"https://b:2">>, <<"https://c:3">>], Relays).

pins_keep_their_commas_test() ->
    Pins = "https://a:1#sha256=" ++ lists:duplicate(64, $a) ++ "," ++ lists:duplicate(64, $b),
    {ok, #{relays := Relays}} = parse([{"MACULA_RELAYS", Pins ++ ",https://b:2 ," ++ Pins ++ " , "}]),
    ?assertEqual([list_to_binary(Pins), <<"https://b:2">>, list_to_binary(Pins)], Relays).

all_test() ->
    ?assertMatch({ok, #{relays := [<<"https://a:1">>], realm := <<"r">>, identity := <<"i">>, tls_verify := verify_peer,
                        token_file := <<"/run/token">>}},
                 parse([{"MACULA_RELAYS", "https://a:1"}, {"MACULA_REALM", "r"}, {"MACULA_IDENTITY", "i"},
                        {"MACULA_TLS_VERIFY", "verify_peer"}, {"MACULA_TOKEN_FILE", "/run/token"}])).

invalid_values_name_their_variable_test() ->
    {error, Verify} = parse([{"MACULA_RELAYS", "https://a:1"}, {"MACULA_TLS_VERIFY", "yes"}]),
    ?assertMatch({match, _}, re:run(Verify, "MACULA_TLS_VERIFY.*none or verify_peer")),
    {error, Relays} = parse([{"MACULA_RELAYS", "a b"}]),
    ?assertMatch({match, _}, re:run(Relays, "MACULA_RELAYS")).

%% Named as the user has written it.
invalid_settings_name_their_place_test() ->
    true = os:putenv("DIST_TIMEOUT", "soon"),
    {error, Environment} = parse([{"MACULA_RELAYS", "https://a:1"}]),
    ?assertMatch({match, _}, re:run(Environment, "^DIST_TIMEOUT is not usable \\(not_an_integer\\)")),
    true = os:unsetenv("DIST_TIMEOUT"),
    ok = application:set_env(macula, dist_timeout, 1),
    {error, Application} = parse([{"MACULA_RELAYS", "https://a:1"}]),
    ?assertMatch({match, _}, re:run(Application, "^the setting dist_timeout of the application macula is not usable")),
    ok = application:unset_env(macula, dist_timeout).
