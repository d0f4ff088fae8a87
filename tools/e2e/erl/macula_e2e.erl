%% @doc The inside of a node under test. `-s macula_e2e' reads requests on standard input, one a line, `Id Base64(Expressions)',
%% evaluates each in a process of its own and answers `=> Id ok|error Base64(Text)'. End of input ends the node.
-module(macula_e2e).
-behaviour(gen_server).

-export([start/0, counts/0, ping_at/2, wait_for_node_gone/2, teller/1]).
-export([log/2, events/0, events/1]).
-export([start_server/1, sha256/1, init/1, handle_call/3, handle_cast/2]).
-export([pg_member/1, pg_wait/3, monitored_victim/0, kill_and_wait_down/2]).
-export([start_sink/0, bulk_send/3, large_send/3, bulk_result/1, bulk_result_and_gap/1]).
-export([start_echo/0, round_trips/2, rpc_times/2, throughput/3]).

-define(POOL_BYTES, 4 * 1024 * 1024).
-define(MESSAGE_BYTES_MAX, 1000000).

-spec start() -> ok.
start() ->
    Collector = spawn(fun() -> collect([]) end),
    register(macula_e2e_events, Collector),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => Collector}),
    spawn(fun() ->
                  io:setopts([{encoding, latin1}]),
                  answer("0", ok, ready),
                  read()
          end),
    ok.

read() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [Id, Encoded] = string:lexemes(Line, " \n"),
            spawn(fun() -> evaluate(Id, base64:decode_to_string(Encoded)) end),
            read();
        eof ->
            erlang:halt(0, [{flush, false}]);
        {error, _} ->
            %% init:restart/0 ends what standard input is read by.
            ok
    end.

evaluate(Id, Text) ->
    try
        {ok, Tokens, _} = erl_scan:string(Text),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Expressions, []),
        Value
    of
        Result -> answer(Id, ok, Result)
    catch
        Class:Reason:Stack -> answer(Id, error, {Class, Reason, Stack})
    end.

answer(Id, Status, Term) ->
    Text = unicode:characters_to_binary(text(Status, Term)),
    io:put_chars(["=> ", Id, $\s, atom_to_list(Status), $\s, base64:encode(Text), $\n]).

text(ok, Term) -> io_lib:format("~0tp", [Term]);
%% A stack may hold arguments of any size.
text(error, Term) -> io_lib:format("~0tP", [Term, 100]).

%% @doc Ports and processes of this node, without the one that asks.
-spec counts() -> {Ports :: non_neg_integer(), Processes :: non_neg_integer()}.
counts() ->
    {length(erlang:ports()), length(erlang:processes()) - 1}.

%% @doc Pings at an instant of the wall clock (ms), so that two nodes of one machine do it at the same time; tells how much later it began.
-spec ping_at(node(), integer()) -> {pong | pang, Ms :: number(), LateUs :: integer()}.
ping_at(Node, AtMs) ->
    timer:sleep(max(0, AtMs - erlang:system_time(millisecond) - 2)),
    spin(AtMs),
    LateUs = erlang:system_time(microsecond) - AtMs * 1000,
    Start = erlang:monotonic_time(microsecond),
    Answer = net_adm:ping(Node),
    {Answer, (erlang:monotonic_time(microsecond) - Start) / 1000, LateUs}.

spin(AtMs) ->
    case erlang:system_time(millisecond) >= AtMs of
        true -> ok;
        false -> spin(AtMs)
    end.

%% @doc A fun that tells where it runs. Of a compiled module, so that it works between releases; those of erl_eval don't.
-spec teller(pid()) -> fun(() -> term()).
teller(To) ->
    fun() -> To ! {here, node()} end.

-spec wait_for_node_gone(node(), timeout()) -> ok | timeout.
wait_for_node_gone(Node, Timeout) ->
    monitor_node(Node, true),
    receive {nodedown, Node} -> ok after Timeout -> timeout end.

%%% What was logged about the mesh, as terms

-spec log(logger:log_event(), logger:handler_config()) -> term().
log(#{level := Level, meta := #{macula := #{event := _} = Event}}, #{config := Collector}) ->
    Collector ! {event, Event#{level => Level}};
log(_, _) ->
    ok.

collect(Events) ->
    receive
        {event, Event} -> collect([Event | Events]);
        {events, From, Ref} -> From ! {Ref, lists:reverse(Events)}, collect(Events)
    end.

%% @doc Events that the agent reported and the carrier logged, oldest first.
-spec events() -> [map()].
events() ->
    Ref = make_ref(),
    macula_e2e_events ! {events, self(), Ref},
    receive {Ref, Events} -> Events end.

-spec events(atom()) -> [map()].
events(Kind) ->
    [Event || #{event := K} = Event <- events(), K =:= Kind].

%%% A server to call

-spec sha256(binary()) -> string().
sha256(Binary) ->
    hex(crypto:hash(sha256, Binary)).

-spec start_server(atom()) -> pid().
start_server(Name) ->
    {ok, Pid} = gen_server:start({local, Name}, ?MODULE, [], []),
    Pid.

init([]) -> {ok, []}.

handle_call({sha256, Binary}, _From, State) ->
    {reply, {byte_size(Binary), sha256(Binary)}, State};
handle_call(hang, _From, State) ->
    {noreply, State};
handle_call(Term, _From, State) ->
    {reply, {node(), Term}, State}.

handle_cast(_, State) -> {noreply, State}.

%%% pg and monitor

-spec pg_member(term()) -> pid().
pg_member(Group) ->
    ensure_pg(),
    Pid = spawn(fun() -> receive stop -> ok end end),
    ok = pg:join(Group, Pid),
    Pid.

%% @doc Waits until the group has so many members, seen from this node.
-spec pg_wait(term(), non_neg_integer(), integer()) -> [node()].
pg_wait(Group, Count, TimeoutMs) ->
    ensure_pg(),
    pg_wait_until(Group, Count, erlang:monotonic_time(millisecond) + TimeoutMs).

pg_wait_until(Group, Count, Deadline) ->
    Members = pg:get_members(Group),
    case length(Members) =:= Count orelse erlang:monotonic_time(millisecond) > Deadline of
        true -> lists:sort([node(Pid) || Pid <- Members]);
        false -> timer:sleep(5), pg_wait_until(Group, Count, Deadline)
    end.

ensure_pg() ->
    case whereis(pg) of
        undefined -> {ok, _} = pg:start(pg), ok;
        _ -> ok
    end.

-spec monitored_victim() -> pid().
monitored_victim() ->
    spawn(fun() -> receive stop -> ok end end).

-spec kill_and_wait_down(pid(), timeout()) -> {down, term()} | timeout.
kill_and_wait_down(Pid, Timeout) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, Reason} -> {down, Reason} after Timeout -> timeout end.

%%% Many messages with sequence numbers and a running hash

-spec start_sink() -> pid().
start_sink() ->
    Pid = spawn(fun() -> sink(0, 0, crypto:hash_init(sha256), none) end),
    true = register(macula_e2e_sink, Pid),
    Pid.

sink(Expected, Bytes, Hash, Gap0) ->
    receive
        {message, Expected, Payload} ->
            Gap = gap(Gap0),
            sink(Expected + 1, Bytes + byte_size(Payload), hash_message(Hash, Expected, Payload), Gap);
        {message, Other, _} ->
            sink_finished({out_of_order, [{expected, Expected}, {got, Other}]}, Gap0);
        {finished, Expected} ->
            sink_finished({Expected, Bytes, hex(crypto:hash_final(Hash))}, gap(Gap0));
        {finished, Other} ->
            sink_finished({lost, [{expected, Other}, {got, Expected}]}, Gap0)
    end.

%% When something came last, and the longest time between two, in microseconds.
gap(none) -> {erlang:monotonic_time(microsecond), 0};
gap({LastUs, LongestUs}) ->
    Us = erlang:monotonic_time(microsecond),
    {Us, max(LongestUs, Us - LastUs)}.

sink_finished(Result, none) -> sink_finished(Result, {0, 0});
sink_finished(Result, {_, LongestUs}) ->
    receive {result, From, Ref} -> From ! {Ref, {Result, LongestUs div 1000}} end.

%% @doc Sends `Count' messages of 0 B to 1 MB, most of them small, to the other node's sink.
-spec bulk_send(node(), pos_integer(), integer()) -> {Count :: integer(), Bytes :: integer(), Sha256 :: string()}.
bulk_send(Node, Count, Seed) ->
    Pool = crypto:strong_rand_bytes(?POOL_BYTES),
    Random = rand:seed_s(exsss, Seed),
    bulk_send({macula_e2e_sink, Node}, 0, Count, Pool, Random, 0, crypto:hash_init(sha256)).

bulk_send(To, Count, Count, _Pool, _Random, Bytes, Hash) ->
    To ! {finished, Count},
    {Count, Bytes, hex(crypto:hash_final(Hash))};
bulk_send(To, Sequence, Count, Pool, Random0, Bytes, Hash) ->
    {Uniform, Random1} = rand:uniform_s(Random0),
    {Offset, Random2} = rand:uniform_s(?POOL_BYTES - ?MESSAGE_BYTES_MAX, Random1),
    Size = trunc(math:exp(Uniform * Uniform * math:log(?MESSAGE_BYTES_MAX + 1))) - 1,
    Payload = binary:part(Pool, Offset, Size),
    To ! {message, Sequence, Payload},
    bulk_send(To, Sequence + 1, Count, Pool, Random2, Bytes + Size, hash_message(Hash, Sequence, Payload)).

%% @doc Sends `Count' messages of `Size' bytes, at most 1 MB, to the other node's sink.
-spec large_send(node(), pos_integer(), Size :: pos_integer()) -> {Count :: integer(), Bytes :: integer(), Sha256 :: string()}.
large_send(Node, Count, Size) ->
    Pool = crypto:strong_rand_bytes(?POOL_BYTES),
    To = {macula_e2e_sink, Node},
    Send = fun(Sequence, Hash) ->
                   Offset = (Sequence * 7919) rem (?POOL_BYTES - ?MESSAGE_BYTES_MAX),
                   Payload = binary:part(Pool, Offset, Size),
                   To ! {message, Sequence, Payload},
                   hash_message(Hash, Sequence, Payload)
           end,
    Hash = lists:foldl(Send, crypto:hash_init(sha256), lists:seq(0, Count - 1)),
    To ! {finished, Count},
    {Count, Count * Size, hex(crypto:hash_final(Hash))}.

hash_message(Hash, Sequence, Payload) ->
    crypto:hash_update(Hash, [<<Sequence:64, (byte_size(Payload)):32>>, Payload]).

-spec bulk_result(timeout()) -> term().
bulk_result(Timeout) ->
    case bulk_result_and_gap(Timeout) of
        {Result, _GapMs} -> Result;
        timeout -> timeout
    end.

%% @doc The same, with the milliseconds of the longest gap between two messages.
-spec bulk_result_and_gap(timeout()) -> {term(), GapMs :: non_neg_integer()} | timeout.
bulk_result_and_gap(Timeout) ->
    Ref = make_ref(),
    macula_e2e_sink ! {result, self(), Ref},
    receive {Ref, Result} -> Result after Timeout -> timeout end.

%%% Figures

-spec start_echo() -> true.
start_echo() ->
    register(macula_e2e_echo, spawn(fun() -> echo(0) end)).

echo(Bytes) ->
    receive
        {ping, From, Payload} -> From ! {pong, Payload}, echo(Bytes);
        {bulk, Payload} -> echo(Bytes + byte_size(Payload));
        {bulk_end, From} -> From ! {bulk_bytes, Bytes}, echo(0)
    end.

%% @doc Round trips of 64 bytes, in microseconds, sorted.
-spec round_trips(node(), pos_integer()) -> [number()].
round_trips(Node, Count) ->
    Payload = crypto:strong_rand_bytes(64),
    To = {macula_e2e_echo, Node},
    timed(Count, fun() -> To ! {ping, self(), Payload}, receive {pong, Payload} -> ok end end).

%% @doc Times of `rpc:call(Node, erlang, node, [])', in microseconds, sorted.
-spec rpc_times(node(), pos_integer()) -> [number()].
rpc_times(Node, Count) ->
    timed(Count, fun() -> Node = rpc:call(Node, erlang, node, []) end).

timed(Count, Work) ->
    lists:sort([time(Work) || _ <- lists:seq(1, Count)]).

time(Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

%% @doc Megabytes (10^6) per second of so many messages of so many bytes, until the last one has arrived.
-spec throughput(node(), pos_integer(), pos_integer()) -> float().
throughput(Node, Count, Size) ->
    Payload = crypto:strong_rand_bytes(Size),
    To = {macula_e2e_echo, Node},
    Start = erlang:monotonic_time(microsecond),
    [To ! {bulk, Payload} || _ <- lists:seq(1, Count)],
    To ! {bulk_end, self()},
    Bytes = Count * Size,
    receive {bulk_bytes, Bytes} -> ok end,
    Bytes / (erlang:monotonic_time(microsecond) - Start).

hex(Binary) ->
    lists:flatten([io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= Binary]).
