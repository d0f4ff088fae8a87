-module(macula_tokens_tests).
-include_lib("eunit/include/eunit.hrl").

tokens_test_() ->
    {foreach, fun macula_tokens:new_table/0, fun(_) -> ets:delete(macula_tokens) end,
     [{"once", fun once/0}, {"unknown", fun unknown/0}, {"only the hash is kept", fun only_hash/0}, {"bounded", fun bounded/0}]}.

once() ->
    {ok, Token} = macula_tokens:mint(<<"a@b">>),
    ?assertEqual({ok, <<"a@b">>}, macula_tokens:redeem(Token)),
    ?assertEqual(error, macula_tokens:redeem(Token)).

unknown() ->
    {ok, _} = macula_tokens:mint(<<"a@b">>),
    ?assertEqual(error, macula_tokens:redeem(macula_tokens:random())),
    ?assertEqual(error, macula_tokens:redeem(<<>>)).

only_hash() ->
    {ok, Token} = macula_tokens:mint(<<"a@b">>),
    ?assertMatch([{Hash, <<"a@b">>, _}] when Hash =/= Token, ets:tab2list(macula_tokens)).

bounded() ->
    [{ok, _} = macula_tokens:mint(<<"a@b">>) || _ <- lists:seq(1, 4096)],
    ?assertEqual({error, busy}, macula_tokens:mint(<<"a@b">>)),
    ?assertEqual(0, macula_tokens:expire()).

no_table_test() ->
    ?assertEqual(error, macula_tokens:redeem(<<0:256>>)).

%% Not distributed: there is no cookie, and an unknown name makes no atom.
key_test() ->
    ?assertEqual({error, no_cookie}, macula_tokens:key(<<"never-an-atom-", (integer_to_binary(erlang:unique_integer()))/binary>>)).
