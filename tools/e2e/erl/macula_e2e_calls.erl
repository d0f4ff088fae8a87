%% @doc Many small calls and numbered messages, each of them checked.
-module(macula_e2e_calls).

-export([many/3, caller/3]).

-define(CALL_MS, 30000).

%% @doc So many processes, each of which makes so many calls to a server of macula_e2e:start_server/1 on the other node, one after the
%% other, and sends it a numbered message before each. Exits as the first that went wrong.
-spec many(node(), Callers :: pos_integer(), Calls :: pos_integer()) -> ok.
many(Node, Callers, Calls) ->
    Started = [spawn_monitor(?MODULE, caller, [Node, Caller, Calls]) || Caller <- lists:seq(1, Callers)],
    lists:foreach(fun({_, Monitor}) ->
                          receive
                              {'DOWN', Monitor, process, _, normal} -> ok;
                              {'DOWN', Monitor, process, _, Reason} -> exit(Reason)
                          end
                  end, Started).

%% @doc One of them.
-spec caller(node(), pos_integer(), pos_integer()) -> ok.
caller(Node, Caller, Calls) ->
    Counter = spawn_link(Node, macula_e2e_apps, count_loop, [0]),
    lists:foreach(fun(Number) ->
                          Counter ! {number, Number},
                          {Node, {Caller, Number}} = gen_server:call({e2e_server, Node}, {Caller, Number}, ?CALL_MS)
                  end, lists:seq(0, Calls - 1)),
    Counter ! {count, self()},
    receive
        {Counter, Calls} -> ok
    after ?CALL_MS ->
            exit(messages_lost)
    end.
