%% @doc What the scenarios about OTP's own applications need on a node: functions instead of funs of erl_eval, which don't travel
%% between releases, and processes that outlive the evaluation that started them.
-module(macula_e2e_apps).

-export([keep_older/3, count_up/4, bump/2]).
-export([log/2, log_as/3]).
-export([start_witness/0, witnessed/0]).
-export([fragments/2, start_big_sink/1, chatter/2, big_sink/2, count_loop/1]).
-export([watch_busy/0, busy_events/0, send_nosuspend/1]).
-export([transfer/2, reload/1]).

-define(CHUNK_BYTES, 1000000).
-define(LONG_MS, 280000).

%%% global and mnesia

%% @doc A resolve function of `global': the node that sorts first keeps the name, the other process is told.
-spec keep_older(term(), pid(), pid()) -> pid().
keep_older(Name, Pid1, Pid2) ->
    [{_, Winner}, {_, Loser}] = lists:sort([{node(Pid), Pid} || Pid <- [Pid1, Pid2]]),
    Loser ! {lost, Name, node(Winner)},
    Winner.

%% @doc Adds 1 so many times to a counter on another node by reading and writing, which loses updates unless somebody excludes the others.
-spec count_up(locked | unlocked, Counter :: atom(), node(), pos_integer()) -> ok.
count_up(How, Counter, Where, Rounds) ->
    Add = fun() ->
                  Old = rpc:call(Where, application, get_env, [kernel, Counter, 0]),
                  timer:sleep(1),
                  rpc:call(Where, application, set_env, [kernel, Counter, Old + 1])
          end,
    lists:foreach(fun(_) ->
                          ok = case How of
                                   locked -> global:trans({?MODULE, self()}, Add);
                                   unlocked -> Add()
                               end,
                          timer:sleep(rand:uniform(20))
                  end, lists:seq(1, Rounds)).

%% @doc Adds 1 so many times to the record `{Table, counter, N}', each in a transaction.
-spec bump(atom(), pos_integer()) -> ok.
bump(Table, Rounds) ->
    lists:foreach(fun(_) -> {atomic, ok} = mnesia:transaction(fun() -> bump_once(Table) end) end, lists:seq(1, Rounds)).

bump_once(Table) ->
    Old = case mnesia:read(Table, counter, write) of
              [{Table, counter, N}] -> N;
              [] -> 0
          end,
    mnesia:write({Table, counter, Old + 1}).

%%% A process that keeps what it is sent

-spec start_witness() -> pid().
start_witness() ->
    Pid = spawn(fun() -> witness([]) end),
    true = register(macula_e2e_witness, Pid),
    Pid.

witness(Seen) ->
    receive
        {witnessed, From, Ref} -> From ! {Ref, lists:reverse(Seen)}, witness(Seen);
        Message -> witness([Message | Seen])
    end.

%% @doc What it got, oldest first.
-spec witnessed() -> [term()].
witnessed() ->
    Ref = make_ref(),
    macula_e2e_witness ! {witnessed, self(), Ref},
    receive {Ref, Seen} -> Seen end.

%%% logger

%% @doc A handler that sends each event of the scenarios to the process in its configuration, wherever that is.
-spec log(logger:log_event(), logger:handler_config()) -> term().
log(#{msg := Message, meta := #{e2e := Mark, gl := Leader, pid := Pid}}, #{config := To}) ->
    To ! {logged, node(), Mark, Message, node(Leader), node(Pid)};
log(_, _) ->
    ok.

%% @doc Logs from a process of this node whose group leader is the given one.
-spec log_as(pid(), atom(), string()) -> pid().
log_as(Leader, Mark, Text) ->
    spawn(fun() ->
                  group_leader(Leader, self()),
                  logger:error(Text, [], #{e2e => Mark})
          end).

%%% One message of a gigabyte, and talk beside it

%% @doc Sends one binary of so many bytes, while both nodes call each other and send each other numbered messages.
-spec fragments(node(), pos_integer()) -> #{megabytes_per_second := integer(), calls := {pos_integer(), pos_integer()},
                                            slowest_ms := {number(), number()}}.
fragments(Node, Bytes) ->
    Sink = rpc:call(Node, ?MODULE, start_big_sink, [self()]),
    Here = spawn_monitor(?MODULE, chatter, [self(), Node]),
    There = spawn_monitor(Node, ?MODULE, chatter, [self(), node()]),
    Big = iolist_to_binary([crypto:strong_rand_bytes(?CHUNK_BYTES) || _ <- lists:seq(1, Bytes div ?CHUNK_BYTES)]),
    Hash = sha256(Big),
    Start = erlang:monotonic_time(millisecond),
    Sink ! {big, Big},
    Sink ! after_big,
    {Bytes, Hash} = await(Sink),
    Took = erlang:monotonic_time(millisecond) - Start,
    [{Calls1, Slowest1}, {Calls2, Slowest2}] = [finish(Chatter) || Chatter <- [Here, There]],
    #{megabytes_per_second => Bytes div (Took * 1000), calls => {Calls1, Calls2}, slowest_ms => {Slowest1, Slowest2}}.

-spec start_big_sink(pid()) -> pid().
start_big_sink(To) ->
    spawn(?MODULE, big_sink, [To, none]).

-spec big_sink(pid(), none | {pos_integer(), binary()}) -> term().
big_sink(To, Seen) ->
    receive
        {big, Big} when Seen =:= none -> big_sink(To, {byte_size(Big), sha256(Big)});
        after_big -> To ! {self(), Seen}
    end.

finish({Pid, Monitor}) ->
    Pid ! stop,
    Result = await(Pid),
    true = demonitor(Monitor, [flush]),
    Result.

await(Pid) ->
    receive
        {Pid, Result} -> Result;
        {'DOWN', _, process, Pid, Reason} -> exit(Reason)
    after ?LONG_MS ->
        exit(timeout)
    end.

%% @doc Until it is told to stop: a numbered message to a counter on the other node, and a call. Its result is the number of both.
-spec chatter(pid(), node()) -> term().
chatter(To, Node) ->
    Counter = spawn_link(Node, ?MODULE, count_loop, [0]),
    To ! {self(), chat(Node, Counter, 0, 0)}.

chat(Node, Counter, N, Slowest) ->
    Counter ! {number, N},
    Start = erlang:monotonic_time(millisecond),
    N = erpc:call(Node, erlang, abs, [N]),
    Longest = max(Slowest, erlang:monotonic_time(millisecond) - Start),
    receive
        stop ->
            Counter ! {count, self()},
            receive {Counter, Count} when Count =:= N + 1 -> {Count, Longest} end
    after 1 ->
        chat(Node, Counter, N + 1, Longest)
    end.

%% @doc Counts numbers that come in order; ends at the first that doesn't.
-spec count_loop(non_neg_integer()) -> term().
count_loop(N) ->
    receive
        {number, N} -> count_loop(N + 1);
        {number, Other} -> exit({out_of_order, N, Other});
        {count, From} -> From ! {self(), N}
    end.

sha256(Binary) ->
    sha256(Binary, 0, crypto:hash_init(sha256)).

sha256(Binary, Offset, Hash) when Offset < byte_size(Binary) ->
    Length = min(?CHUNK_BYTES, byte_size(Binary) - Offset),
    sha256(Binary, Offset + Length, crypto:hash_update(Hash, binary:part(Binary, Offset, Length)));
sha256(_, _, Hash) ->
    crypto:hash_final(Hash).

%%% A busy distribution port

-spec watch_busy() -> ok.
watch_busy() ->
    Pid = start_witness(),
    _ = erlang:system_monitor(Pid, [busy_dist_port]),
    ok.

%% @doc The processes that were suspended, and whether by a port of the distribution.
-spec busy_events() -> [{pid(), IsDistribution :: boolean()}].
busy_events() ->
    Controllers = [Controller || {_, Controller} <- erlang:system_info(dist_ctrl)],
    lists:usort([{Pid, lists:member(Port, Controllers)} || {monitor, Pid, busy_dist_port, Port} <- witnessed()]).

%% @doc `erlang:send/3' to a name that nobody has, so that what gets through does no harm.
-spec send_nosuspend(node()) -> ok | nosuspend | noconnect.
send_nosuspend(Node) ->
    erlang:send({macula_e2e_nobody, Node}, hello, [nosuspend]).

%%% Sockets and upgrades

%% @doc Sends random bytes to a server of macula_e2e:start_server/1 and compares the hash that comes back.
-spec transfer({atom(), node()}, pos_integer()) -> equal | {different, term()}.
transfer(Server, Bytes) ->
    Binary = crypto:strong_rand_bytes(Bytes),
    Expected = {Bytes, macula_e2e:sha256(Binary)},
    case gen_server:call(Server, {sha256, Binary}, 60000) of
        Expected -> equal;
        Other -> {different, Other}
    end.

%% @doc Loads every module of the macula application again, each changed by an attribute, after purging what is older than the one that runs.
%% The result are modules whose purge killed somebody.
-spec reload(term()) -> [module()].
reload(Mark) ->
    _ = application:load(macula),
    {ok, Modules} = application:get_key(macula, modules),
    [Module || Module <- Modules, reload(Module, Mark)].

reload(Module, Mark) ->
    {Module, Beam, File} = code:get_object_code(Module),
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
    {value, Name, Rest} = lists:keytake(module, 3, Forms),
    {Before, After} = lists:splitwith(fun(Form) -> element(1, Form) =:= attribute andalso element(3, Form) =:= file end, Rest),
    {ok, Module, New} = compile:forms(Before ++ [Name, {attribute, 1, e2e_reload, Mark} | After], [debug_info]),
    Killed = code:purge(Module),
    {module, Module} = code:load_binary(Module, File, New),
    Killed.
