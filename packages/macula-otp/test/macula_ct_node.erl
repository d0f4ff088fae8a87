%% @doc What macula_SUITE runs inside the nodes it starts.
-module(macula_ct_node).

-export([echo/0, linked_exit/1, watch_nodes/0, watched/0, watched_now/0, sizes_there/2, subscribe/0, events/1, signal_agent/1]).

-spec echo() -> no_return().
echo() ->
    receive _ -> echo() end.

-spec linked_exit(pid()) -> term().
linked_exit(Pid) ->
    _ = process_flag(trap_exit, true),
    true = link(Pid),
    true = exit(Pid, kill),
    receive {'EXIT', Pid, Reason} -> Reason after 5000 -> none end.

-spec watch_nodes() -> ok.
watch_nodes() ->
    Parent = self(),
    Pid = spawn(fun() ->
                        ok = net_kernel:monitor_nodes(true, [nodedown_reason]),
                        Parent ! watching,
                        watch([])
                end),
    true = register(?MODULE, Pid),
    receive watching -> ok end.

watch(Seen) ->
    receive
        {nodedown, Node, [{nodedown_reason, Reason}]} -> watch(Seen ++ [{nodedown, Node, Reason}]);
        {first, From} when Seen =/= [] -> From ! {first, hd(Seen)}, watch(tl(Seen));
        {now, From} -> From ! {first, case Seen of [] -> none; [First | _] -> First end}, watch(Seen)
    end.

%% @doc The first node that went, waiting for it.
-spec watched() -> {nodedown, node(), term()} | none.
watched() ->
    ?MODULE ! {first, self()},
    receive {first, Event} -> Event after 5000 -> none end.

%% @doc The same without waiting.
-spec watched_now() -> {nodedown, node(), term()} | none | dead.
watched_now() ->
    ?MODULE ! {now, self()},
    receive {first, Event} -> Event after 5000 -> dead end.

-spec sizes_there(node(), [non_neg_integer()]) -> [non_neg_integer()].
sizes_there(Node, Sizes) ->
    [erpc:call(Node, erlang, byte_size, [binary:copy(<<7>>, Size)]) || Size <- Sizes].

%% @doc Keeps what subscribers are told.
-spec subscribe() -> ok.
subscribe() ->
    Parent = self(),
    Pid = spawn(fun() -> Parent ! {subscribed, macula:subscribe()}, keep([]) end),
    true = register(macula_ct_events, Pid),
    receive {subscribed, Result} -> Result end.

keep(Events) ->
    receive
        {macula, Kind, Info} -> keep([{Kind, Info} | Events]);
        {get, From} -> From ! {events, lists:reverse(Events)}, keep(Events)
    end.

%% @doc What was told, as soon as it is so many events.
-spec events(pos_integer()) -> [{atom(), map()}].
events(Count) ->
    macula_ct_events ! {get, self()},
    receive
        {events, Events} when length(Events) >= Count -> Events;
        {events, _} -> timer:sleep(50), events(Count)
    end.

%% @doc For the fake agent: USR2 takes the path away and gives it back, HUP ends the tunnels.
-spec signal_agent(string()) -> string().
signal_agent(Signal) ->
    os:cmd(["kill -", Signal, $\s, integer_to_list(maps:get(agent_os_pid, macula:status()))]).
