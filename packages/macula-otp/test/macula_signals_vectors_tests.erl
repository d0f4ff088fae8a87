%% The sessions in the vectors of packages/dist-protocol mean the same to this OTP: the handshake proves the cookie, and each packet without
%% distribution header is two terms, a control message of the kind that the TypeScript tests expect and what belongs to it.
-module(macula_signals_vectors_tests).
-include_lib("eunit/include/eunit.hrl").

sessions_test_() ->
    Sessions = sessions(),
    ?assertEqual(["25", "27", "29"], lists:usort([Release || #{release := Release} <- Sessions])),
    ?assert(length([S || S <- Sessions, not has_header(S)]) >= 1),
    [{Release ++ " " ++ integer_to_list(Flags), fun() -> check(Session) end}
     || #{release := Release, flags := Flags} = Session <- Sessions].

check(#{bytes := Bytes} = Session) ->
    {<<"sok">>, Rest1} = frame(Bytes),
    {<<$N, Flags:64, Challenge:32, _Creation:32, Length:16, Node:Length/binary>>, Rest2} = frame(Rest1),
    ?assertEqual(maps:get(node, Session), binary_to_list(Node)),
    %% SPAWN, which every release since 25 has.
    ?assertNotEqual(0, Flags band (1 bsl 32)),
    ?assert(is_integer(Challenge)),
    {<<$a, Digest:16/binary>>, Packets} = frame(Rest2),
    ?assertEqual(erlang:md5(["E2E_COOKIE", "1"]), Digest),
    case has_header(Session) of
        true -> ?assert(lists:all(fun(<<131, Kind, _/binary>>) -> lists:member(Kind, [68, 69, 70]) end, packets(Packets)));
        false -> ?assertEqual(maps:get(signals, Session), kinds(Packets, length(maps:get(signals, Session))))
    end.

has_header(#{flags := Flags}) -> Flags band 16#2000 =/= 0.

kinds(Bytes, Count) ->
    lists:sublist([kind(Packet) || Packet <- packets(Bytes)], Count).

kind(<<112, Terms/binary>>) ->
    {Control, Used} = binary_to_term(Terms, [used]),
    case element(1, Control) of
        1 -> "link";
        7 -> "group_leader";
        19 -> "monitor";
        20 -> "demonitor";
        35 -> "unlink";
        Number ->
            <<_:Used/binary, Payload/binary>> = Terms,
            _ = binary_to_term(Payload),
            payload_kind(Number, Control)
    end.

payload_kind(6, _) -> "send_to_name";
payload_kind(16, _) -> "send_to_name";
payload_kind(22, _) -> "send";
payload_kind(23, _) -> "send";
payload_kind(24, _) -> "exit";
payload_kind(25, _) -> "exit";
payload_kind(26, _) -> "exit2";
payload_kind(27, _) -> "exit2";
payload_kind(29, _) -> "spawn_request";
payload_kind(30, _) -> "spawn_request";
payload_kind(33, _) -> "send_to_alias";
payload_kind(34, _) -> "send_to_alias";
payload_kind(37, Control) when element(2, Control) band 4 =/= 0 -> "send_to_alias";
payload_kind(37, Control) when element(2, Control) band 16 =/= 0 -> "exit2".

frame(<<Length:16, Body:Length/binary, Rest/binary>>) -> {Body, Rest}.

%% Ticks are empty; what came last may have been cut by the end of the recording.
packets(<<0:32, Rest/binary>>) -> packets(Rest);
packets(<<Length:32, Packet:Length/binary, Rest/binary>>) -> [Packet | packets(Rest)];
packets(_) -> [].

%% A value of JSON a line, in the order that the file has them.
sessions() ->
    {ok, File} = file:read_file(os:getenv("SIGNALS_VECTORS")),
    lists:reverse(lists:foldl(fun line/2, [], string:split(File, "\n", all))).

line(Line, Sessions) ->
    case re:run(Line, "^ *(?:\"(\\w+)\": )?(?:\"(.*)\"|(\\d+))?.*$", [{capture, [1, 2, 3], binary}]) of
        {match, [<<"release">>, Release, _]} -> [#{release => binary_to_list(Release), bytes => <<>>, signals => []} | Sessions];
        {match, [Key, Text, Number]} when Sessions =/= [] -> [field(Key, Text, Number, hd(Sessions)) | tl(Sessions)];
        _ -> Sessions
    end.

field(<<"node">>, Node, _, Session) -> Session#{node => binary_to_list(Node)};
field(<<"flags">>, Flags, _, Session) -> Session#{flags => binary_to_integer(Flags)};
field(<<"bytes">>, _, _, Session) -> Session#{list => bytes};
field(<<"signals">>, _, _, Session) -> Session#{list => signals};
field(<<"repeat">>, Hex, _, Session) -> Session#{repeat => binary:decode_hex(Hex)};
field(<<"times">>, _, Times, #{repeat := Part} = Session) -> append(binary:copy(Part, binary_to_integer(Times)), Session);
field(<<>>, Hex, _, #{list := bytes} = Session) when Hex =/= <<>> -> append(binary:decode_hex(Hex), Session);
field(<<>>, Text, _, #{list := signals, signals := Signals} = Session) when Text =/= <<>> ->
    [Kind | _] = string:lexemes(binary_to_list(Text), " :"),
    Session#{signals => Signals ++ [Kind]};
field(_, _, _, Session) -> Session.

append(Part, #{bytes := Bytes} = Session) -> Session#{bytes => <<Bytes/binary, Part/binary>>}.
