%% @doc Many small calls and numbered messages, each of them checked; a full line, and how long calls take beside it.
-module(macula_e2e_calls).

-export([many/3, caller/3, saturate/2, times/2]).

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

%% @doc Fills the line to the other node's macula_e2e:start_echo/0 for so long; gives the megabytes (10^6) per second until all has arrived.
-spec saturate(node(), Ms :: pos_integer()) -> float().
saturate(Node, Ms) ->
    To = {macula_e2e_echo, Node},
    Payload = crypto:strong_rand_bytes(65536),
    StartMs = erlang:monotonic_time(millisecond),
    Bytes = saturate(To, Payload, StartMs + Ms, 0),
    To ! {bulk_end, self()},
    receive {bulk_bytes, Bytes} -> ok end,
    Bytes / 1000 / (erlang:monotonic_time(millisecond) - StartMs).

saturate(To, Payload, EndMs, Bytes) ->
    case erlang:monotonic_time(millisecond) < EndMs of
        true -> To ! {bulk, Payload}, saturate(To, Payload, EndMs, Bytes + byte_size(Payload));
        false -> Bytes
    end.

%% @doc Milliseconds of `rpc:call(Node, erlang, node, [])', one each 10 ms at most, for so long; sorted.
-spec times(node(), Ms :: pos_integer()) -> [float()].
times(Node, Ms) ->
    times(Node, erlang:monotonic_time(millisecond) + Ms, []).

times(Node, EndMs, Times) ->
    StartUs = erlang:monotonic_time(microsecond),
    case StartUs div 1000 < EndMs of
        true ->
            Node = rpc:call(Node, erlang, node, []),
            Time = (erlang:monotonic_time(microsecond) - StartUs) / 1000,
            timer:sleep(10),
            times(Node, EndMs, [Time | Times]);
        false ->
            lists:sort(Times)
    end.
