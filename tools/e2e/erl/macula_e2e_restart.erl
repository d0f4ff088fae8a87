%% @doc Processes of a node that was killed and started again: those of before have the same numbers and another creation.
-module(macula_e2e_restart).

-export([spawn_many/1, remember/1, send_to_remembered/0, monitor_remembered/0, shared_numbers/1, received/0, last_words/2, say_last_words/2]).
-export([wait/1]).

-define(OLD, macula_e2e_restart_old).
-define(NEW, macula_e2e_restart_new).

%% @doc Processes that keep whatever they get.
-spec spawn_many(pos_integer()) -> pos_integer().
spawn_many(Count) ->
    persistent_term:put(?NEW, [spawn(?MODULE, wait, [[]]) || _ <- lists:seq(1, Count)]),
    Count.

-spec wait([term()]) -> no_return().
wait(Messages) ->
    receive
        {received, From, Ref} -> From ! {Ref, Messages}, ?MODULE:wait(Messages);
        Message -> ?MODULE:wait([Message | Messages])
    end.

%% @doc Remembers the processes of another node, by name and number.
-spec remember(node()) -> non_neg_integer().
remember(Node) ->
    Pids = erpc:call(Node, persistent_term, get, [?NEW]),
    persistent_term:put(?OLD, Pids),
    length(Pids).

%% @doc Sends to each remembered process.
-spec send_to_remembered() -> non_neg_integer().
send_to_remembered() ->
    length([Pid ! stray || Pid <- persistent_term:get(?OLD)]).

%% @doc What monitoring them gives.
-spec monitor_remembered() -> [term()].
monitor_remembered() ->
    lists:usort([down(monitor(process, Pid)) || Pid <- persistent_term:get(?OLD)]).

down(Monitor) ->
    receive {'DOWN', Monitor, process, _, Reason} -> Reason after 5000 -> none end.

%% @doc How many remembered ones have the number of a process of the node as it is now.
-spec shared_numbers(node()) -> non_neg_integer().
shared_numbers(Node) ->
    New = erpc:call(Node, persistent_term, get, [?NEW]),
    Numbers = sets:from_list([number(Pid) || Pid <- New]),
    length([Pid || Pid <- persistent_term:get(?OLD), sets:is_element(number(Pid), Numbers)]).

number(Pid) ->
    tl(string:lexemes(pid_to_list(Pid), "<.>")).

%% @doc All that this node's processes got, what is under way included: the question takes the same way.
-spec received() -> [term()].
received() ->
    Ref = make_ref(),
    Pids = persistent_term:get(?NEW),
    _ = [Pid ! {received, self(), Ref} || Pid <- Pids],
    lists:append([receive {Ref, Messages} -> Messages end || _ <- Pids]).

%% @doc Has a node send so many bytes and stop at once; answers how many came.
-spec last_words(node(), pos_integer()) -> non_neg_integer() | timeout.
last_words(Node, Bytes) ->
    erpc:cast(Node, ?MODULE, say_last_words, [self(), Bytes]),
    receive {last_words, Binary} -> byte_size(Binary) after 20000 -> timeout end.

-spec say_last_words(pid(), pos_integer()) -> ok.
say_last_words(To, Bytes) ->
    To ! {last_words, binary:copy(<<7>>, Bytes)},
    init:stop().
