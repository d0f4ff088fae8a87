-module(macula_options_tests).
-include_lib("eunit/include/eunit.hrl").

-define(URL, <<"https://relay-de-berlin.example.org:4433">>).

defaults_test() ->
    ?assertEqual({ok, #{relays => [?URL], realm => <<"io.macula">>, identity => undefined, tls_verify => none,
                        token_file => undefined, dist_timeout => 25000, bridge_recv_timeout => 60000, controller_timeout => 30000,
                        backpressure_hwm => 64, reconnect_interval => 2000, reconnect_max_attempts => 15, standby_sessions => 1}},
                 macula_options:parse(#{relays => [?URL]})).

forms_test() ->
    {ok, Parsed} = macula_options:parse(#{relays => [binary_to_list(?URL), <<"quic://[::1]:4433#id=ab">>], realm => <<"org.example">>,
                                          identity => 'a@b', tls_verify => verify_peer, token_file => "/run/token"}),
    ?assertMatch(#{relays := [?URL, <<"quic://", _/binary>>], identity := <<"a@b">>, tls_verify := verify_peer,
                   token_file := <<"/run/token">>}, Parsed).

bad_option_test_() ->
    [?_assertEqual({error, {bad_option, Expected}}, macula_options:parse(Options))
     || {Options, Expected} <-
            [{[], {options, not_a_map}},
             {#{}, {relays, missing}},
             {#{relays => []}, {relays, empty}},
             {#{relays => ?URL}, {relays, not_a_list_of_urls}},
             {#{relays => binary_to_list(?URL)}, {relays, not_a_list_of_urls}},
             {#{relays => [?URL | ?URL]}, {relays, not_a_list_of_urls}},
             {#{relays => [<<"relay:4433">>]}, {relays, {bad_url, <<"relay:4433">>}}},
             {#{relays => [<<"not a url">>]}, {relays, {bad_url, <<"not a url">>}}},
             {#{relays => [42]}, {relays, not_a_list_of_urls}},
             {#{relays => [?URL], realm => "list"}, {realm, not_a_binary}},
             {#{relays => [?URL], realm => <<>>}, {realm, empty}},
             {#{relays => [?URL], realm => <<255>>}, {realm, not_utf8}},
             {#{relays => [?URL], realm => binary:copy(<<"x">>, 256)}, {realm, too_long}},
             {#{relays => [?URL], identity => <<"a\nb">>}, {identity, control_character}},
             {#{relays => [?URL], identity => 42}, {identity, not_text}},
             {#{relays => [?URL], identity => ""}, {identity, empty}},
             {#{relays => [?URL], tls_verify => true}, {tls_verify, not_none_or_verify_peer}},
             {#{relays => [?URL], token_file => <<>>}, {token_file, empty}},
             {#{relays => [?URL], token_file => token}, {token_file, not_text}},
             {#{relays => [?URL], reconnect_interval => 2.0}, {reconnect_interval, not_an_integer}},
             {#{relays => [?URL], dist_timeout => 0}, {dist_timeout, {not_in_range, 1000, 600000}}},
             {#{relays => [?URL], relay => 1}, {relay, unknown_option}},
             {#{<<"relays">> => [?URL]}, {<<"relays">>, unknown_option}}]].
