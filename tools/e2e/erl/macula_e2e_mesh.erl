%% @doc Remembers which nodes this node has lost, and why.
-module(macula_e2e_mesh).

-export([watch/0, lost/1, wait_down/2]).

-spec watch() -> true.
watch() ->
    register(?MODULE, spawn(fun() ->
                                    ok = net_kernel:monitor_nodes(true, [nodedown_reason]),
                                    watch([])
                            end)).

watch(Lost) ->
    receive
        {nodedown, Node, [{nodedown_reason, Reason}]} -> watch([{Node, Reason} | Lost]);
        {lost, From, Ref} -> From ! {Ref, Lost}, watch(Lost);
        _ -> watch(Lost)
    end.

%% @doc Of these nodes, those that were lost since {@link watch/0}, with reasons.
-spec lost([node()]) -> [{node(), term()}].
lost(Nodes) ->
    Ref = make_ref(),
    ?MODULE ! {lost, self(), Ref},
    receive {Ref, Lost} -> [Entry || {Node, _} = Entry <- Lost, lists:member(Node, Nodes)] end.

%% @doc Why a node goes down, waiting for it.
-spec wait_down(node(), timeout()) -> term().
wait_down(Node, Timeout) ->
    ok = net_kernel:monitor_nodes(true, [nodedown_reason]),
    receive {nodedown, Node, [{nodedown_reason, Reason}]} -> Reason after Timeout -> timeout end.
