-module(macula_dist_tests).
-include_lib("eunit/include/eunit.hrl").
-include_lib("kernel/include/net_address.hrl").
-include_lib("kernel/include/file.hrl").

frames_test() ->
    Parse = fun(Frame) -> macula_tunnel_setup:parse_frame(binary_to_list(Frame)) end,
    Id = crypto:strong_rand_bytes(32),
    ?assertEqual(progress, Parse(<<"p">>)),
    ?assertEqual({open, Id}, Parse(<<"o", Id/binary>>)),
    ?assertEqual({failed, busy, <<"later">>}, Parse(<<"e", (term_to_binary({busy, <<"later">>}))/binary>>)),
    [?assertEqual(unknown, Parse(Bad))
     || Bad <- [<<>>, <<"o">>, <<"o", Id/binary, 0>>, <<"e">>, <<"e", 131, 97>>, <<"x">>, <<"e", (term_to_binary(busy))/binary>>]].

names_test() ->
    [?assert(macula_dist:select(Name)) || Name <- ['a@b', 'undefined@h', 'ä@1.2.3.4']],
    [?assertNot(macula_dist:select(Name)) || Name <- [a, '@b', 'a@', 'a@b@c', '', "a@b", 42]].

address_test() ->
    ?assertMatch(#net_address{protocol = macula}, macula_dist:address()),
    ?assertMatch(#net_address{protocol = macula, host = "h"}, macula_dist:address("h")).

undefined_socket_test() ->
    ?assertEqual({error, enotsup}, macula_dist:setopts(undefined, [])),
    ?assertEqual({error, enotsup}, macula_dist:getopts(undefined, [])),
    ?assertEqual(ok, macula_dist:close(undefined)).

dangerous_options_test() ->
    {ok, Socket} = gen_tcp:listen(0, [{inet_backend, inet}, {ip, {127, 0, 0, 1}}]),
    [?assertMatch({error, {badopts, _}}, macula_dist:setopts(Socket, [Option]))
     || Option <- [{active, false}, {packet, 0}, {deliver, term}]],
    ?assertEqual(ok, macula_dist:setopts(Socket, [{nodelay, true}])),
    gen_tcp:close(Socket),
    ?assertMatch({error, _}, macula_dist:setopts(Socket, [{nodelay, true}])).

%% Local funs in #hs_data{} would break every link at the second code upgrade; the compiler would list them here.
no_dist_funs_test() ->
    {ok, {_, [{imports, _}, {abstract_code, {_, Forms}}]}} =
        beam_lib:chunks(code:which(macula_dist), [imports, abstract_code]),
    [Handshake] = [Clauses || {function, _, handshake, 4, Clauses} <- Forms],
    ?assertEqual([], [Fun || {'fun', _, {clauses, _}} = Fun <- flatten(Handshake)]),
    ?assertEqual([], [Fun || {'fun', _, {function, Name, _}} = Fun <- flatten(Handshake), is_atom(Name)]).

flatten(Term) when is_tuple(Term) -> [Term | flatten(tuple_to_list(Term))];
flatten([Head | Tail]) -> flatten(Head) ++ flatten(Tail);
flatten(_) -> [].

childspec_test() ->
    ?assertMatch({ok, [#{restart := temporary, type := supervisor}]}, macula_dist:childspecs()).

local_socket_test() ->
    macula_listener:new_table(),
    {ok, Socket, local, {local, Path}} = macula_listener:listen(a, "h"),
    Directory = filename:dirname(Path),
    {ok, #file_info{mode = Mode}} = file:read_file_info(Directory),
    ?assertEqual(8#700, Mode band 8#777),
    ?assert(byte_size(Path) =< 107),
    ?assertEqual({ok, <<"a@h">>, {local, Path}}, macula_listener:current()),
    {ok, Client} = macula_listener:dial({local, Path}, 1000),
    ok = gen_tcp:close(Client),
    ok = macula_dist:close(Socket),
    ?assertEqual({error, enoent}, file:read_file_info(Directory)),
    ?assertEqual(none, macula_listener:current()),
    ets:delete(macula_listener).

tcp_fallback_test() ->
    os:putenv("MACULA_LOCAL_SOCKETS", "tcp"),
    {ok, Socket, inet, {{127, 0, 0, 1}, Port}} = macula_listener:listen(a, "h"),
    os:unsetenv("MACULA_LOCAL_SOCKETS"),
    {ok, Client} = macula_listener:dial({tcp, Port}, 1000),
    gen_tcp:close(Client),
    macula_dist:close(Socket).

long_and_relative_bases_test() ->
    Lookup = fun("TMPDIR") -> "relative"; ("XDG_RUNTIME_DIR") -> false end,
    ?assertEqual(["/tmp"], macula_listener:socket_bases(Lookup)).

%% Only a socket in a private directory of our naming is removed.
remove_is_careful_test() ->
    Directory = "/tmp/not-ours-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = file:make_dir(Directory),
    File = list_to_binary(filename:join(Directory, "file")),
    ok = file:write_file(File, ""),
    ok = file:change_mode(Directory, 8#700),
    ok = macula_listener:remove({local, File}),
    ?assertMatch({ok, _}, file:read_file_info(File)),
    ok = file:delete(File),
    ok = file:del_dir(Directory).
