%% What a TypeScript node is tried against: a gen_server, and processes that count, send, link and watch.
-module(macula_e2e_typescript).
-behaviour(gen_server).

-export([start/0, counter/1, counted/1, times_of/3, send_numbers/3, linked_to/1, watched/1, received/0, hasher/0, send_large/2, signals/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% A gen_server `server', and a process `keeper' that keeps the last message it was sent.
-spec start() -> ok.
start() ->
    {ok, _} = gen_server:start({local, server}, ?MODULE, [], []),
    register(keeper, spawn(fun() -> keep(none) end)),
    ok.

-spec init([]) -> {ok, [term()]}.
init([]) -> {ok, []}.

-spec handle_call(term(), gen_server:from(), [term()]) ->
    {reply, term(), [term()]} | {noreply, [term()]} | {stop, term(), [term()]}.
handle_call({echo, Term}, _From, State) -> {reply, Term, State};
handle_call(casts, _From, State) -> {reply, lists:reverse(State), []};
handle_call({later, Ms, Term}, From, State) ->
    spawn(fun() -> timer:sleep(Ms), gen_server:reply(From, Term) end),
    {noreply, State};
handle_call(never, _From, State) -> {noreply, State};
handle_call({stop, Reason}, _From, State) -> {stop, Reason, State}.

-spec handle_cast(term(), [term()]) -> {noreply, [term()]}.
handle_cast(Term, State) -> {noreply, [Term | State]}.

-spec handle_info(term(), [term()]) -> {noreply, [term()]}.
handle_info(_, State) -> {noreply, State}.

keep(Last) ->
    receive
        {what, From} -> From ! {kept, Last}, keep(Last);
        Message -> keep(Message)
    end.

%% What the keeper keeps.
-spec received() -> term().
received() ->
    keeper ! {what, self()},
    receive {kept, Last} -> Last after 5000 -> timeout end.

%% A process `counter' that takes the numbers 1 to Count, in order, and tells counted/1 then, or what came instead.
-spec counter(pos_integer()) -> true.
counter(Count) ->
    register(counter, spawn(fun() -> count(1, Count) end)).

count(Next, Count) when Next > Count -> tell(ok);
count(Next, Count) ->
    receive
        {Next, _Payload} -> count(Next + 1, Count);
        {Other, _Payload} when is_integer(Other) -> tell({wanted, Next, got, Other})
    end.

tell(Result) ->
    receive {counted, From} -> From ! {counted, Result} end.

%% Waits until the counter, here or elsewhere, has counted.
-spec counted(pid() | atom() | {atom(), node()}) -> ok | {wanted, pos_integer(), got, integer()} | timeout.
counted(Counter) ->
    Counter ! {counted, self()},
    receive {counted, Result} -> Result after 60000 -> timeout end.

%% Microseconds for Count messages of Bytes until the counter at Node has them all.
-spec times_of(node(), pos_integer(), non_neg_integer()) -> non_neg_integer().
times_of(Node, Count, Bytes) ->
    true = erpc:call(Node, ?MODULE, counter, [Count]),
    {Us, ok} = timer:tc(fun() ->
        send_numbers({counter, Node}, Count, Bytes),
        counted({counter, Node})
    end),
    Us.

%% Sends the numbers 1 to Count, each with a binary of Bytes.
-spec send_numbers(pid() | {atom(), node()}, pos_integer(), non_neg_integer()) -> ok.
send_numbers(To, Count, Bytes) ->
    Payload = binary:copy(<<7>>, Bytes),
    lists:foreach(fun(N) -> To ! {N, Payload} end, lists:seq(1, Count)).

%% A process that links itself with Pid and tells how that ends: keeper keeps it.
-spec linked_to(pid()) -> pid().
linked_to(Pid) ->
    spawn(fun() ->
        process_flag(trap_exit, true),
        link(Pid),
        receive
            {'EXIT', Pid, Reason} -> keeper ! {linked, Reason};
            unlink -> unlink(Pid), keeper ! unlinked
        end
    end).

%% A process that watches another and tells how that ends: keeper keeps it.
-spec watched(pid() | {atom(), node()}) -> pid().
watched(Process) ->
    spawn(fun() ->
        Ref = monitor(process, Process),
        receive {'DOWN', Ref, process, _, Reason} -> keeper ! {down, Reason} end
    end).

-spec hash_of(binary()) -> binary().
hash_of(Binary) -> crypto:hash(sha256, Binary).

%% A process `hasher' that answers a binary with its size and hash.
-spec hasher() -> true.
hasher() ->
    register(hasher, spawn(fun hash/0)).

hash() ->
    receive {hash, From, Binary} -> From ! {hashed, byte_size(Binary), hash_of(Binary)}, hash() end.

%% Sends Bytes bytes in one message, and their hash after it.
-spec send_large(pid(), pos_integer()) -> ok.
send_large(To, Bytes) ->
    Binary = binary:copy(<<"0123456789abcdef">>, Bytes div 16),
    To ! {large, Binary},
    To ! {hash, hash_of(Binary)},
    ok.

%% Every signal that a process can send to another node, to a process and an alias there. Nobody has to be at that end.
-spec signals(pid(), reference()) -> ok.
signals(To, Alias) ->
    Node = node(To),
    Other = spawn(fun() -> receive stop -> ok end end),
    To ! plain,
    {name, Node} ! named,
    Alias ! aliased,
    link(To),
    unlink(To),
    demonitor(monitor(process, To)),
    monitor(process, {name, Node}),
    exit(To, {why, 1}),
    group_leader(Other, To),
    in_process(fun() -> link(To), exit(bye) end),
    _ = spawn_request(Node, module, function, [one, 2], [link, monitor]),
    _ = erlang:send(To, {'é', list_to_atom(lists:duplicate(255, $a)), list_to_atom(lists:duplicate(200, 16#20ac))}),
    lists:foreach(fun(N) -> To ! {list_to_atom("atom" ++ integer_to_list(N rem 40)), N} end, lists:seq(1, 120)),
    To ! binary:copy(<<"fragment">>, 25000),
    To ! fun erlang:node/0,
    To ! fun(X) -> {X, To} end,
    traced(To, Alias, Node),
    prioritised(To, Alias),
    To ! last,
    ok.

traced(To, Alias, Node) ->
    seq_trace:set_token(label, 17),
    To ! traced,
    {name, Node} ! traced_name,
    Alias ! traced_alias,
    exit(To, traced_exit),
    _ = spawn_request(Node, module, traced, [], []),
    in_process(fun() -> seq_trace:set_token(label, 18), link(To), exit(traced_link) end),
    seq_trace:set_token([]),
    ok.

%% OTP 28 and later.
prioritised(To, Alias) ->
    case erlang:function_exported(erlang, exit, 3) of
        true ->
            apply(erlang, exit, [To, urgent_exit, [priority]]),
            erlang:send(Alias, urgent, [priority]);
        false -> ok
    end.

in_process(Fun) ->
    {Pid, Ref} = spawn_monitor(Fun),
    receive {'DOWN', Ref, process, Pid, _} -> ok end.
