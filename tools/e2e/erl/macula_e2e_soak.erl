%% @doc Steady traffic of one node of a soak: numbered messages and calls to every other node, each checked where it arrives.
-module(macula_e2e_soak).

-export([start/1, report/0, talk/1]).

-define(PAUSE_MS, 50).
-define(CALL_MS, 30000).

%% @doc Starts the receiving end, and a process for each of these nodes that talks to it, for as long as this node lives.
-spec start([node()]) -> ok.
start(Nodes) ->
    Starter = self(),
    spawn(fun() ->
                  register(?MODULE, self()),
                  ok = net_kernel:monitor_nodes(true),
                  Starter ! {?MODULE, started},
                  listen(#{next => #{}, gaps => [], calls => 0, failures => 0, lost => 0, wrong => []})
          end),
    receive {?MODULE, started} -> ok end,
    lists:foreach(fun(Node) -> spawn(?MODULE, talk, [Node]) end, Nodes).

%% @doc Calls answered and failed and links lost so far, and everything that must not be: messages twice, out of order or missing without
%% a nodedown, and wrong answers.
-spec report() -> {Calls :: non_neg_integer(), Failures :: non_neg_integer(), Lost :: non_neg_integer(), Wrong :: [term()]}.
report() ->
    Ref = make_ref(),
    ?MODULE ! {report, self(), Ref},
    receive {Ref, Report} -> Report end.

%% Whoever is new may have talked before this process was there. OTP delivers nodedown behind the last message over the connection that is lost, and before the first one over the next.
listen(#{next := Next, gaps := Gaps, calls := Calls, failures := Failures, lost := Lost, wrong := Wrong} = State) ->
    receive
        {number, From, Number} ->
            Expected = maps:get(From, Next, Number),
            MayMiss = lists:member(From, Gaps),
            IsRight = Number =:= Expected orelse (MayMiss andalso Number > Expected),
            listen(State#{next := Next#{From => Number + 1},
                          gaps := lists:delete(From, Gaps),
                          wrong := [{From, Expected, Number} || not IsRight] ++ Wrong});
        {call, From, Ref, Request} ->
            From ! {Ref, {node(), Request}},
            listen(State);
        {called, right} -> listen(State#{calls := Calls + 1});
        {called, failed} -> listen(State#{failures := Failures + 1});
        {called, Answer} -> listen(State#{wrong := [Answer | Wrong]});
        {nodedown, Node} -> listen(State#{lost := Lost + 1, gaps := [From || From <- maps:keys(Next), node(From) =:= Node] ++ Gaps});
        {nodeup, _} -> listen(State);
        {report, From, Ref} ->
            From ! {Ref, {Calls, Failures, Lost, Wrong}},
            listen(State)
    end.

-spec talk(node()) -> no_return().
talk(Node) -> talk(Node, 0).

talk(Node, Number) ->
    {?MODULE, Node} ! {number, self(), Number},
    Monitor = monitor(process, {?MODULE, Node}),
    {?MODULE, Node} ! {call, self(), Monitor, Number},
    receive
        {Monitor, {Node, Number}} -> ?MODULE ! {called, right};
        {Monitor, Other} -> ?MODULE ! {called, {Node, Number, Other}};
        {'DOWN', Monitor, process, _, _} -> ?MODULE ! {called, failed}
    after ?CALL_MS ->
            ?MODULE ! {called, {Node, Number, no_answer}}
    end,
    demonitor(Monitor, [flush]),
    receive after ?PAUSE_MS -> ok end,
    talk(Node, Number + 1).
