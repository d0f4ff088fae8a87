%% @doc Helpers of the scenarios about net_kernel.
-module(macula_e2e_kernel).

-export([watch/2, seen/1, unwatch/1, start_mailbox/1, mail/1]).

%% @doc Subscribes to nodeup and nodedown and keeps what comes, under a name.
-spec watch(atom(), plain | list() | map()) -> ok.
watch(Name, Options) ->
    From = self(),
    Pid = spawn(fun() ->
                        true = register(Name, self()),
                        ok = subscribe(true, Options),
                        From ! {self(), subscribed},
                        collect(Options, [])
                end),
    receive {Pid, subscribed} -> ok end.

%% @doc What came, oldest first; information about nodes is sorted, a map is shown as `{map, List}'.
-spec seen(atom()) -> [tuple()].
seen(Name) -> ask(Name, seen).

%% @doc Ends the subscription; the process goes on collecting.
-spec unwatch(atom()) -> ok.
unwatch(Name) -> ask(Name, unwatch).

%% @doc Keeps whatever is sent to this name, of a binary its size.
-spec start_mailbox(atom()) -> true.
start_mailbox(Name) ->
    register(Name, spawn(fun() -> collect(none, []) end)).

-spec mail(atom()) -> [term()].
mail(Name) -> ask(Name, seen).

subscribe(Flag, plain) -> net_kernel:monitor_nodes(Flag);
subscribe(Flag, Options) -> net_kernel:monitor_nodes(Flag, Options).

ask(Name, Question) ->
    Ref = make_ref(),
    Name ! {Question, self(), Ref},
    receive {Ref, Answer} -> Answer end.

collect(Options, Seen) ->
    receive
        {seen, From, Ref} -> From ! {Ref, lists:reverse(Seen)}, collect(Options, Seen);
        {unwatch, From, Ref} -> From ! {Ref, subscribe(false, Options)}, collect(Options, Seen);
        Message -> collect(Options, [kept(Message) | Seen])
    end.

kept({Event, Node, Info}) when is_list(Info) -> {Event, Node, lists:sort(Info)};
kept({Event, Node, Info}) when is_map(Info) -> {Event, Node, {map, lists:sort(maps:to_list(Info))}};
kept(Binary) when is_binary(Binary) -> byte_size(Binary);
kept(Message) -> Message.
