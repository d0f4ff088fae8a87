%% @doc Numbered calls without a pause, and how long the longest took.
-module(macula_e2e_resume).

-export([start_calls/1, stop_calls/0]).

%% @doc Calls the other node's e2e_server with 1, 2, 3 ... until stop_calls/0.
-spec start_calls(node()) -> ok.
start_calls(Node) ->
    Pid = spawn(fun() -> calls({e2e_server, Node}, 1, 0) end),
    true = register(macula_e2e_resume, Pid),
    ok.

%% @doc How many calls were answered, each with its own number, and the milliseconds of the longest.
-spec stop_calls() -> {Count :: non_neg_integer(), LongestMs :: float()} | {failed, term()}.
stop_calls() ->
    Ref = monitor(process, macula_e2e_resume),
    macula_e2e_resume ! {stop, self(), Ref},
    receive
        {Ref, Result} -> demonitor(Ref, [flush]), Result;
        {'DOWN', Ref, process, _, Reason} -> {failed, Reason}
    end.

calls(Server, Number, LongestUs) ->
    receive
        {stop, From, Ref} -> From ! {Ref, {Number - 1, LongestUs / 1000}}
    after 0 ->
        StartedUs = erlang:monotonic_time(microsecond),
        {_, {echo, Number}} = gen_server:call(Server, {echo, Number}, infinity),
        Us = erlang:monotonic_time(microsecond) - StartedUs,
        calls(Server, Number + 1, max(LongestUs, Us))
    end.
