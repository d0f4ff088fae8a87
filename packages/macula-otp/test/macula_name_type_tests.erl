-module(macula_name_type_tests).

-include_lib("eunit/include/eunit.hrl").

called_test() ->
    ?assert(macula_name_type:is_mixed(true, shortnames, 'a@b.c')),
    ?assertNot(macula_name_type:is_mixed(false, shortnames, 'a@b.c')),
    ?assertNot(macula_name_type:is_mixed(true, shortnames, a@b)),
    ?assertNot(macula_name_type:is_mixed(true, longnames, a@b)),
    ?assertNot(macula_name_type:is_mixed(true, longnames, 'a@b.c')).

calling_test_() ->
    {foreach, fun() -> persistent_term:put(macula_name_type, false) end, fun(_) -> persistent_term:erase(macula_name_type) end,
     [?_assert(macula_name_type:is_mixed(<<"a@b.c">>)),
      ?_assertNot(macula_name_type:is_mixed(<<"a@b">>)),
      ?_assertNot(macula_name_type:is_mixed(<<"undefined@b.c">>)),
      ?_assertNot(macula_name_type:is_mixed(<<"no name.">>)),
      ?_assertNot(macula_name_type:is_mixed(<<255>>))]}.

unknown_test() ->
    ?assertNot(macula_name_type:is_mixed(<<"a@b.c">>)).
