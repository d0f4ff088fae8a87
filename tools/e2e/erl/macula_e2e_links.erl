%% @doc What happened to a node's links, for the message of a scenario that failed.
-module(macula_e2e_links).

-export([start/0, changes/0]).

-define(KEPT, 12).

%% @doc From now on nodeup and nodedown are noted.
-spec start() -> ok.
start() ->
    From = self(),
    Pid = spawn(fun() ->
                        true = register(?MODULE, self()),
                        ok = net_kernel:monitor_nodes(true, [nodedown_reason, connection_id, {node_type, all}]),
                        From ! {self(), started},
                        note([])
                end),
    receive {Pid, started} -> ok end.

%% @doc The last ones, oldest first, with the wall clock in milliseconds, which nodes of one machine have in common.
-spec changes() -> [{Ms :: integer(), nodeup | nodedown, node(), list()}].
changes() ->
    Ref = make_ref(),
    ?MODULE ! {changes, self(), Ref},
    receive {Ref, Changes} -> lists:reverse(Changes) end.

note(Changes) ->
    receive
        {Kind, Node, Info} when Kind =:= nodeup; Kind =:= nodedown ->
            note(lists:sublist([{erlang:system_time(millisecond), Kind, Node, Info} | Changes], ?KEPT));
        {changes, From, Ref} ->
            From ! {Ref, Changes},
            note(Changes)
    end.
