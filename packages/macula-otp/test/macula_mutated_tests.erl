%% What the agent sends, with some bytes changed, is a message or is refused: nothing crashes the carrier.
-module(macula_mutated_tests).
-include_lib("eunit/include/eunit.hrl").

-define(RUNS, 5000).

-spec frames() -> [binary()].
frames() ->
    Id = binary:copy(<<9>>, 32),
    [<<"p">>, <<"o", Id/binary>>, <<"e", (term_to_binary({busy, <<"try again later">>}))/binary>>].

-spec terms() -> [binary()].
terms() ->
    Id = binary:copy(<<9>>, 32),
    [term_to_binary(Term) || Term <- [{hello, #{protocol => 1, agent_version => <<"1">>, os_pid => 5, address => {tcp, 9}}},
                                      {reply, 1, {error, {refused, #{text => <<"no">>, relays => #{<<"https://r:1">> => <<"no">>}}}}},
                                      {incoming, 3, #{peer => <<"a@h">>}}, {tunnel_down, Id, beam_closed, <<"bye">>},
                                      {tunnel_detached, Id, #{window_ms => 30000, reason => silent}}, {pong, 1 bsl 70}]].

mutated_local_frames_test() ->
    each(frames(), fun(Frame) ->
                           case macula_tunnel_setup:parse_frame(binary_to_list(Frame)) of
                               progress -> ok;
                               unknown -> ok;
                               {open, Id} -> ?assertEqual(32, byte_size(Id));
                               {failed, Reason, Text} -> ?assert(is_atom(Reason) andalso is_binary(Text))
                           end
                   end).

mutated_control_frames_test() ->
    Socket = make_ref(),
    each(terms(), fun(Frame) ->
                          case macula_channel:classify({socket, Socket}, {tcp, Socket, Frame}) of
                              bad_frame -> ok;
                              {term, Term} -> ?assertEqual(Term, binary_to_term(term_to_binary(Term)))
                          end
                  end).

%% The emulator would take the memory that it claims.
compressed_test() ->
    Term = term_to_binary({pong, lists:duplicate(1000, a)}, [compressed]),
    ?assertMatch(<<131, 80, _/binary>>, Term),
    Socket = make_ref(),
    ?assertEqual(bad_frame, macula_channel:classify({socket, Socket}, {tcp, Socket, Term})),
    ?assertEqual(unknown, macula_tunnel_setup:parse_frame([$e | binary_to_list(Term)])).

%% Up to four changes, always the same ones.
each(Valid, Check) ->
    _ = rand:seed(exsss, {1, 2, 3}),
    _ = [Check(mutated(pick(Valid), rand:uniform(4))) || _ <- lists:seq(1, ?RUNS)],
    ok.

mutated(Bytes, 0) -> Bytes;
mutated(Bytes, Changes) -> mutated(changed(rand:uniform(6), Bytes, rand:uniform(byte_size(Bytes) + 1) - 1), Changes - 1).

changed(1, Bytes, At) -> binary:part(Bytes, 0, At);
changed(2, Bytes, At) -> replaced(Bytes, At, <<(rand:uniform(256) - 1)>>, 1);
changed(3, Bytes, At) -> replaced(Bytes, At, <<255, 255, 255, 255>>, 4);
changed(4, Bytes, At) -> replaced(Bytes, At, <<(rand:uniform(256) - 1)>>, 0);
changed(5, Bytes, At) -> replaced(Bytes, At, <<>>, rand:uniform(4));
changed(6, Bytes, At) -> replaced(Bytes, At, binary:part(Bytes, 0, At), 0).

replaced(Bytes, At, New, Count) ->
    <<Head:At/binary, Tail/binary>> = Bytes,
    Skipped = min(Count, byte_size(Tail)),
    <<_:Skipped/binary, Rest/binary>> = Tail,
    <<Head/binary, New/binary, Rest/binary>>.

pick(List) -> lists:nth(rand:uniform(length(List)), List).
