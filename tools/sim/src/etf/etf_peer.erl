%% The real Erlang side of `npm run sim -- etf`: reads requests in External Term Format on file descriptor 3, {packet,4}, and answers on 4.
%%
%% {read, [{Bytes, Text}]}   terms that TypeScript made: each is read and encoded again, in one of several ways, and compared with what
%%                           the text reads as, where there is one
%% {make, Seed, Count}       makes terms and keeps them: {Bytes, Text} of each
%% {compare, [{Bytes, Text}]} what TypeScript made of those: is each the same term, `=:=`, by its bytes and by its text
-module(etf_peer).

-export([start/0]).

-if(?OTP_RELEASE >= 29).
-record #point{x = 0, y = 0}.
-record #named{name, value}.
-endif.

-spec start() -> no_return().
start() ->
    Port = open_port({fd, 3, 4}, [binary, {packet, 4}]),
    loop(Port, []).

loop(Port, Kept) ->
    receive
        {Port, {data, Request}} ->
            {Answer, Keep} = handle(binary_to_term(Request), Kept),
            true = port_command(Port, term_to_binary(Answer)),
            loop(Port, Keep);
        {'EXIT', Port, _} ->
            halt()
    end.

handle(hello, Kept) ->
    {erlang:system_info(otp_release), Kept};
handle({read, Terms}, Kept) ->
    {[read(Index, Term) || {Index, Term} <- lists:zip(lists:seq(1, length(Terms)), Terms)], Kept};
handle({make, Seed, Count}, _) ->
    _ = rand:seed(exsss, Seed),
    Made = [term(6) || _ <- lists:seq(1, Count)],
    {[{encoded(Index, Term), text(Term)} || {Index, Term} <- lists:zip(lists:seq(1, Count), Made)], Made};
handle({compare, Terms}, Kept) ->
    {[same(Term, Made) || {Term, Made} <- lists:zip(Terms, Kept)], []}.

read(Index, {Bytes, Text}) ->
    try
        Term = binary_to_term(Bytes),
        {ok, encoded(Index, Term), has_same(Text, Term)}
    catch
        Class:Reason -> {error, list_to_binary(io_lib:format("~p:~p", [Class, Reason]))}
    end.

same({Bytes, Text}, Made) ->
    try binary_to_term(Bytes) =:= Made of
        true -> has_same(Text, Made);
        false -> other_bytes
    catch
        Class:Reason -> list_to_binary(io_lib:format("~p:~p", [Class, Reason]))
    end.

has_same(<<>>, _) ->
    ok;
has_same(Text, Term) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text) ++ "."),
    case erl_parse:parse_term(Tokens) of
        {ok, Term} -> ok;
        {ok, _} -> other_text;
        {error, Reason} -> list_to_binary(io_lib:format("~p", [Reason]))
    end.

encoded(Index, Term) ->
    term_to_binary(Term, element(1 + Index rem 4, {[], [{minor_version, 1}], [{minor_version, 2}], [compressed]})).

%% As the shell prints it, or nothing where that can't be read again.
text(Term) ->
    case printable(Term) of
        true ->
            Format = element(rand:uniform(3), {"~w", "~p", "~tp"}),
            %% ~w and ~p escape what is beyond Latin-1, ~tp does not.
            unicode:characters_to_binary(io_lib:format(Format, [Term]));
        false ->
            <<>>
    end.

printable(Term) when is_pid(Term); is_reference(Term); is_port(Term) -> false;
%% io_lib prints other names of functions than Latin-1 as the bytes of their UTF-8.
printable(Term) when is_function(Term) ->
    {module, Module} = erlang:fun_info(Term, module),
    {name, Name} = erlang:fun_info(Term, name),
    erlang:fun_info(Term, type) =:= {type, external} andalso is_ascii(Module) andalso is_ascii(Name);
printable([Head | Tail]) -> printable(Head) andalso printable(Tail);
printable(Term) when is_tuple(Term) -> lists:all(fun printable/1, tuple_to_list(Term));
printable(Term) when is_map(Term) -> lists:all(fun({K, V}) -> printable(K) andalso printable(V) end, maps:to_list(Term));
printable(Term) -> is_number(Term) orelse is_atom(Term) orelse is_bitstring(Term) orelse Term =:= [].

is_ascii(Name) -> lists:max([0 | atom_to_list(Name)]) < 128.

term(Depth) ->
    case rand:uniform(3) of
        1 when Depth > 0 -> compound(Depth - 1);
        _ -> leaf()
    end.

leaf() ->
    case rand:uniform(16) of
        1 -> rand:uniform(256) - 1;
        2 -> rand:uniform(1 bsl 32) - (1 bsl 31);
        3 -> sign() * ((1 bsl rand:uniform(70)) + rand:uniform(3) - 2);
        4 -> sign() * rand:uniform(1 bsl (rand:uniform(2200)));
        5 -> float_();
        6 -> (rand:uniform() - 0.5) * math:pow(10, rand:uniform(60) - 30);
        7 -> rand:bytes(rand:uniform(40) - 1);
        8 -> unicode:characters_to_binary(characters());
        9 -> bits();
        10 -> characters();
        11 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(30))];
        12 -> identifier();
        13 -> fun_();
        _ -> atom()
    end.

compound(Depth) ->
    case rand:uniform(9) of
        1 -> some(5, Depth);
        2 -> some(5, Depth) ++ leaf();
        3 -> some(40, 0);
        4 -> #{};
        5 -> maps:from_list([{term(Depth), term(Depth)} || _ <- lists:seq(1, rand:uniform(5))]);
        6 -> maps:from_list([{leaf(), leaf()} || _ <- lists:seq(1, rand:uniform(60))]);
        7 -> native_record(Depth);
        8 -> list_to_tuple(some(300, 0));
        9 -> list_to_tuple(some(4, Depth))
    end.

some(Max, Depth) -> [term(Depth) || _ <- lists:seq(1, rand:uniform(Max))].

sign() -> 1 - 2 * (rand:uniform(2) - 1).

float_() ->
    element(rand:uniform(9), {0.0, -0.0, 1.0, -1.5, 5.0e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1.0e22}).

bits() ->
    Size = rand:uniform(70) - 1,
    <<Bits:Size/bitstring, _/bitstring>> = rand:bytes(9),
    Bits.

characters() ->
    [element(rand:uniform(8), {$a, $", $\\, $\n, 0, $ä, 16#3bb, 16#1F600}) || _ <- lists:seq(1, rand:uniform(12))].

%% Few, since the emulator never forgets an atom.
atom() ->
    element(rand:uniform(20),
            {ok, error, true, undefined, '', 'A b', 'end', 'a@b.c', 'it\'s', 'back\\slash', 'new\nline', 'äöü', 'λόγος', '日本', '😀', '\x{7f}',
             list_to_atom(lists:duplicate(255, $x)), list_to_atom(lists:duplicate(255, 16#3bb)), list_to_atom(lists:duplicate(100, 16#1F600)),
             list_to_atom("a" ++ integer_to_list(rand:uniform(500)))}).

identifier() ->
    case rand:uniform(7) of
        1 -> self();
        2 -> list_to_pid("<0." ++ integer_to_list(rand:uniform(30000)) ++ ".0>");
        3 -> binary_to_term(<<131, 88, (node_name())/binary, (rand:uniform(1 bsl 32) - 1):32, (rand:uniform(1 bsl 32) - 1):32, (creation()):32>>);
        4 -> make_ref();
        5 ->
            Alias = monitor(process, self(), [{alias, explicit_unalias}]),
            _ = unalias(Alias),
            _ = demonitor(Alias, [flush]),
            Alias;
        6 -> binary_to_term(<<131, 90, 3:16, (node_name())/binary, (creation()):32, (rand:uniform(1 bsl 18) - 1):32, (rand:bytes(8))/binary>>);
        7 -> port()
    end.

port() ->
    case rand:uniform(3) of
        1 -> hd(erlang:ports());
        2 -> binary_to_term(<<131, 89, (node_name())/binary, (rand:uniform(1 bsl 28) - 1):32, (creation()):32>>);
        3 -> binary_to_term(<<131, 120, (node_name())/binary, (rand:bytes(8))/binary, (creation()):32>>)
    end.

node_name() ->
    Name = <<"n", (integer_to_binary(rand:uniform(20)))/binary, "@host">>,
    <<119, (byte_size(Name)), Name/binary>>.

creation() -> 1 + rand:uniform(50).

fun_() ->
    Taken = {atom(), rand:uniform(1000)},
    case rand:uniform(5) of
        1 -> fun() -> Taken end;
        2 -> fun(X, Y) -> {X, Y, Taken, node()} end;
        3 -> fun erlang:node/1;
        4 -> fun 'a b':'C'/255;
        5 -> fun 'a b':'λ'/255
    end.

-if(?OTP_RELEASE >= 29).
native_record(Depth) ->
    case rand:uniform(2) of
        1 -> #point{x = term(Depth), y = leaf()};
        2 -> #named{name = atom(), value = term(Depth)}
    end.
-else.
native_record(Depth) -> {point, term(Depth), leaf()}.
-endif.
