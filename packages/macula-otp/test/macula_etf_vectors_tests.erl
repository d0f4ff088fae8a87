%% The vectors of packages/dist-protocol mean the same here: what its TypeScript tests expect of these bytes is what this OTP has.
-module(macula_etf_vectors_tests).
-include_lib("eunit/include/eunit.hrl").

vectors_test_() ->
    Vectors = vectors(),
    ?assert(length(Vectors) > 60),
    ?assert(length([V || #{text := Text} = V <- Vectors, value(Text) =/= none]) > 50),
    [{binary_to_list(unicode:characters_to_binary([Section, ": ", Name])), fun() -> check(Vector) end}
     || #{section := Section, name := Name} = Vector <- Vectors].

check(#{section := "nativeRecord", bytes := Bytes}) ->
    case list_to_integer(erlang:system_info(otp_release)) >= 29 of
        true -> ?assertEqual(Bytes, term_to_binary(binary_to_term(Bytes), [{minor_version, 2}]));
        false -> ?assertError(badarg, binary_to_term(Bytes))
    end;
check(#{section := "fun", bytes := Bytes}) ->
    ?assert(is_function(binary_to_term(Bytes), 1));
check(#{section := Section, name := Name, text := Text, bytes := Bytes}) ->
    Term = binary_to_term(Bytes),
    case value(Text) of
        {ok, Value} -> ?assert(Term =:= Value);
        none -> ok
    end,
    case Section of
        %% Large maps go in the order of a hash that is each release's own, and OTP 27 has one form for all ports.
        "canonical" when Name =/= "map of 40", Name =/= "remote port, 28 bits" -> ?assertEqual(Bytes, term_to_binary(Term, [{minor_version, 2}]));
        _ -> ?assert(Term =:= binary_to_term(term_to_binary(Term)))
    end.

%% What the text stands for; pids and their like have none.
value(Text) ->
    case erl_scan:string(Text ++ ".") of
        {ok, Tokens, _} ->
            case erl_parse:parse_exprs(Tokens) of
                {ok, Expressions} -> evaluated(Expressions);
                {error, _} -> none
            end;
        {error, _, _} -> none
    end.

%% Since OTP 29 the text of a native record can be parsed, but the record is defined nowhere.
evaluated(Expressions) ->
    try erl_eval:exprs(Expressions, []) of
        {value, Value, _} -> {ok, Value}
    catch
        error:_ -> none
    end.

%% One vector a line, in sections.
vectors() ->
    {ok, File} = file:read_file(os:getenv("ETF_VECTORS")),
    {_, Vectors} = lists:foldl(fun line/2, {none, []}, string:split(File, "\n", all)),
    lists:reverse(Vectors).

line(Line, {Section, Vectors}) ->
    Now = case re:run(Line, "^  \"(\\w+)\": [\\[{]", [{capture, [1], list}]) of
              {match, [Name]} -> Name;
              nomatch -> Section
          end,
    Fields = "\"name\": (\"(?:[^\"\\\\]|\\\\.)*\"), \"erlang\": (\"(?:[^\"\\\\]|\\\\.)*\").*\"hex\": \"([0-9a-f]+)\"",
    case re:run(Line, Fields, [{capture, [1, 2, 3], binary}]) of
        {match, [Title, Text, Hex]} ->
            {Now, [#{section => Now, name => text(Title), text => text(Text), bytes => binary:decode_hex(Hex)} | Vectors]};
        nomatch -> {Now, Vectors}
    end.

%% The escapes of JSON that the file has are those of Erlang.
text(Quoted) ->
    {ok, [{string, _, Text}], _} = erl_scan:string(unicode:characters_to_list(Quoted)),
    Text.
