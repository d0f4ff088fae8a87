%% @doc Registry of the tunnels that have a local socket: which node, socket and process belong to a tunnel id. It
%% watches each owner process and tells the agent when one ends, because an agent that has stopped reading a loaded
%% socket does not see it close. It ends a tunnel whose time to be resumed is over, should the agent not do so.
-module(macula_tunnels).
-behaviour(gen_server).

-export([start_link/0, new_table/0, add/3, up/2, list/0, end_tunnel/3, detached/3, resumed/3, is_detached/1, is_node_detached/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-export_type([tunnel_id/0]).

-type tunnel_id() :: <<_:256>>.

-define(TABLE, ?MODULE).
%% The longest an agent may keep a tunnel alive with one message: the longest window, and what the side that was dialled waits longer.
-define(MAX_DETACHED_MS, (macula_settings:max_window() + 10000)).
%% How much later than the agent this node ends a tunnel whose time is over: the agent's own word, with its reason, is under way then.
-define(SLACK_MS, 1000).

%% How long the agent's reason may come after the end of the socket.
-define(LATE_REASON_MS, 1000).

%% node is undefined until an incoming connection has said its name; is_up says that the distribution handshake is
%% complete; detached_until is monotonic time in milliseconds; said is the reason that the agent gave for the end, and its text.
-record(tunnel, {id, node, socket, owner, is_up = false, detached_until = none, said = none}).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {keypos, #tunnel.id}]),
    ok.

%% @doc Called by the process that owns the socket, as soon as it knows the tunnel's id.
-spec add(tunnel_id(), node() | undefined, gen_tcp:socket()) -> ok.
add(Id, Node, Socket) ->
    try
        true = ets:insert(?TABLE, #tunnel{id = Id, node = Node, socket = Socket, owner = self()}),
        gen_server:cast(?MODULE, {watch, Id, self()})
    catch
        error:badarg -> ok
    end.

%% @doc The handshake is complete.
-spec up(tunnel_id(), node()) -> ok.
up(Id, Node) ->
    _ = update(Id, [{#tunnel.node, Node}, {#tunnel.is_up, true}]),
    macula_reasons:record(Node, connected, ""),
    macula_events:tell(tunnel_up, #{node => Node, tunnel => Id}).

-spec list() -> [{tunnel_id(), node() | undefined, gen_tcp:socket(), pid()}].
list() ->
    try ets:tab2list(?TABLE) of
        Tunnels -> [{Id, Node, Socket, Owner} || #tunnel{id = Id, node = Node, socket = Socket, owner = Owner} <- Tunnels]
    catch
        error:badarg -> []
    end.

%% @doc The agent says that this tunnel is over. `net_kernel' and `monitor_nodes' get the reason as `{macula, Reason}'.
%% Where the other node itself closed, the socket tells it, behind the last bytes of that node: `connection_closed', as over any carrier.
%% Before the distribution handshake is complete the process belongs to `dist_util': it may have lost against the peer's
%% own connection and wait for `net_kernel' to end it. Ending it ourselves would make that ping fail beside a live
%% connection; the closed socket tells it enough.
-spec end_tunnel(tunnel_id(), atom(), binary()) -> ok.
end_tunnel(Id, Reason, Text) ->
    case ets:lookup(?TABLE, Id) of
        [#tunnel{node = Node, owner = Owner, is_up = true}] ->
            macula_reasons:record(Node, Reason, Text),
            _ = update(Id, {#tunnel.said, {Reason, Text}}),
            _ = [exit(Owner, {macula, Reason}) || Reason =/= beam_closed],
            ok;
        [#tunnel{node = Node}] when Node =/= undefined ->
            _ = [macula_reasons:record(Node, Reason, Text) || not lists:member(Node, nodes(connected))],
            ok;
        [_] ->
            ok;
        [] ->
            %% The message and the end of the socket come by different ways: the socket may be first.
            gen_server:cast(?MODULE, {late_reason, Id, Reason, Text})
    end.

%% @doc The agent is making a new path for this tunnel and may need this long. Said again, it begins anew.
-spec detached(tunnel_id(), non_neg_integer(), atom()) -> ok.
detached(Id, Milliseconds, Reason) ->
    Window = min(Milliseconds, ?MAX_DETACHED_MS),
    Until = now_ms() + Window + ?SLACK_MS,
    _ = [gen_server:cast(?MODULE, {over_at, Id, Until}) || update(Id, {#tunnel.detached_until, Until})],
    tell(tunnel_detached, Id, #{reason => Reason, text => macula_reasons:describe(Reason, ""), window_ms => Window}).

%% @doc It has a path again, after so many milliseconds; `Reattachments' is how often it has changed its path in all.
-spec resumed(tunnel_id(), non_neg_integer(), non_neg_integer()) -> ok.
resumed(Id, Milliseconds, Reattachments) ->
    _ = update(Id, {#tunnel.detached_until, none}),
    tell(tunnel_resumed, Id, #{after_ms => Milliseconds, reattachments => Reattachments}).

%% @doc Asked at each tick.
-spec is_detached(tunnel_id()) -> boolean().
is_detached(Id) ->
    try ets:lookup_element(?TABLE, Id, #tunnel.detached_until) of
        none -> false;
        Until -> now_ms() < Until
    catch
        error:badarg -> false
    end.

%% @doc Whether a connection to this node is up and has no path now.
-spec is_node_detached(node()) -> boolean().
is_node_detached(Node) ->
    try ets:match(?TABLE, #tunnel{id = '$1', node = Node, is_up = true, _ = '_'}) of
        Ids -> lists:any(fun([Id]) -> is_detached(Id) end, Ids)
    catch
        error:badarg -> false
    end.

%% State: the tunnel of each monitor, and under {ended, TunnelId} the node of one that has just ended.
%% The table is older than this process when it was restarted after a crash.
-spec init([]) -> {ok, map()}.
init([]) ->
    _ = process_flag(trap_exit, true),
    Tunnels = ets:tab2list(?TABLE),
    _ = [over_at(Id, Until, Until) || #tunnel{id = Id, detached_until = Until} <- Tunnels, is_integer(Until)],
    {ok, maps:from_list([{monitor(process, Owner), Id} || #tunnel{id = Id, owner = Owner} <- Tunnels])}.

-spec handle_call(term(), gen_server:from(), map()) -> {reply, {error, unknown_call}, map()}.
handle_call(_Request, _From, Watched) ->
    {reply, {error, unknown_call}, Watched}.

-spec handle_cast(term(), map()) -> {noreply, map()}.
handle_cast({watch, Id, Owner}, Watched) ->
    case lists:member(Id, maps:values(Watched)) of
        true -> {noreply, Watched};
        false -> {noreply, Watched#{monitor(process, Owner) => Id}}
    end;
handle_cast({over_at, Id, Until}, Watched) ->
    over_at(Id, Until, Until),
    {noreply, Watched};
handle_cast({late_reason, Id, Reason, Text}, Watched) ->
    case maps:take({ended, Id}, Watched) of
        {Node, Rest} ->
            _ = [macula_reasons:record(Node, Reason, Text) || not lists:member(Node, nodes(connected))],
            down(Id, Node, Reason, Text),
            {noreply, Rest};
        error ->
            {noreply, Watched}
    end;
handle_cast(_, Watched) ->
    {noreply, Watched}.

-spec handle_info(term(), map()) -> {noreply, map()}.
handle_info({'DOWN', Monitor, process, _, Reason}, Watched) when is_map_key(Monitor, Watched) ->
    {Id, Rest} = maps:take(Monitor, Watched),
    case ets:take(?TABLE, Id) of
        [#tunnel{node = Node, is_up = IsUp, said = Said}] ->
            macula_agent:tell({closed, Id}),
            ended(Node, Reason),
            {noreply, case IsUp of true -> was_up(Id, Node, Said, Reason, Rest); false -> Rest end};
        [] ->
            {noreply, Rest}
    end;
handle_info({forget, Id}, Watched) ->
    case maps:take({ended, Id}, Watched) of
        {Node, Rest} -> down(Id, Node, connection_closed, ""), {noreply, Rest};
        error -> {noreply, Watched}
    end;
handle_info({is_over, Id, Until, Due}, Watched) ->
    case {ets:lookup(?TABLE, Id), now_ms() - Due} of
        {[#tunnel{detached_until = Until}], Late} when Late > ?SLACK_MS, Due =:= Until ->
            %% This node itself stood still: what the agent has said meanwhile comes first.
            over_at(Id, Until, now_ms() + ?SLACK_MS);
        {[#tunnel{detached_until = Until}], _} ->
            end_tunnel(Id, window_over, <<"its agent did not say how it ended">>);
        _ ->
            ok
    end,
    {noreply, Watched};
handle_info(_, Watched) ->
    {noreply, Watched}.

-spec terminate(term(), map()) -> ok.
terminate(_, Watched) ->
    _ = [down(Id, Node, connection_closed, "") || {{ended, Id}, Node} <- maps:to_list(Watched)],
    ok.

over_at(Id, Until, Due) ->
    _ = erlang:send_after(max(0, Due - now_ms()), self(), {is_over, Id, Until, Due}),
    ok.

%% The agent's reason is better than that of the socket, and may be still to come.
was_up(Id, Node, {Reason, Text}, _, Watched) ->
    down(Id, Node, Reason, Text),
    Watched;
was_up(Id, Node, none, connection_closed, Watched) ->
    _ = erlang:send_after(?LATE_REASON_MS, self(), {forget, Id}),
    Watched#{{ended, Id} => Node};
was_up(Id, Node, none, Reason, Watched) ->
    down(Id, Node, name(Reason), detail(Reason)),
    Watched.

down(Id, Node, Reason, Text) ->
    macula_events:tell(tunnel_down, #{node => Node, tunnel => Id, reason => Reason, text => macula_reasons:describe(Reason, Text)}).

%% Only of connections that were up.
tell(Kind, Id, Info) ->
    case ets:lookup(?TABLE, Id) of
        [#tunnel{node = Node, is_up = true}] -> macula_events:tell(Kind, Info#{node => Node, tunnel => Id});
        _ -> ok
    end.

%% {macula, _} was recorded when the agent said it. A process killed in favour of another connection says nothing
%% about the node.
ended(undefined, _) -> ok;
ended(_, {macula, _}) -> ok;
ended(_, killed) -> ok;
ended(Node, {recv_status_failed, not_allowed}) -> macula_reasons:record(Node, refused, "not_allowed");
ended(Node, Reason) ->
    case macula_reasons:lookup(Node) of
        {ok, #{reason := connected}} -> macula_reasons:record(Node, name(Reason), detail(Reason));
        {ok, #{reason := handshake_failed}} -> macula_reasons:record(Node, handshake_failed, io_lib:format("~0tP", [Reason, 20]));
        _ -> ok
    end.

name(Reason) when is_atom(Reason) -> Reason;
name({Reason, _}) when is_atom(Reason) -> Reason;
name(_) -> connection_closed.

detail(Reason) when is_atom(Reason) -> "";
detail(Reason) -> io_lib:format("~0tP", [Reason, 20]).

update(Id, Change) ->
    try ets:update_element(?TABLE, Id, Change) catch error:badarg -> false end.

now_ms() ->
    erlang:monotonic_time(millisecond).
