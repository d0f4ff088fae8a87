%% @doc Figures of the tunnels. The emulator's driver counts at the socket, at no cost: `msgs_*' are whole
%% distribution packets (ticks and fragments of large messages count as one each), `bytes_*' are their bytes. The others
%% are asked from the agent; what it doesn't know, and all while it doesn't answer (it has 2 s), is `undefined'.
-module(macula_dist_relay).

-export([get_tunnel_metrics/0, get_tunnel_metrics/1]).

-export_type([metrics/0]).

%% state: `open'; `detached' while a tunnel that has lost its path is being resumed; `draining' and `closing' at its end.
%% relay: URL of the relay where its path begins. transport: to that relay.
%% rtt_ms: from agent to agent and back. reattachments: how often it has changed its path.
%% detached_ms: for how long it has been looking for one.
%% bytes_waiting_out: what this node has sent and the other one's socket has not taken yet; the agent keeps it.
%% bytes_waiting_in: what has come for this node and its socket has not taken yet.
-type metrics() :: #{bytes_out := non_neg_integer(), bytes_in := non_neg_integer(),
                     msgs_out := non_neg_integer(), msgs_in := non_neg_integer(),
                     state := atom(), relay := binary() | undefined, transport := binary() | undefined,
                     rtt_ms := non_neg_integer() | undefined, reattachments := non_neg_integer() | undefined,
                     detached_ms := non_neg_integer() | undefined,
                     bytes_waiting_out := non_neg_integer() | undefined, bytes_waiting_in := non_neg_integer() | undefined}.

%% @doc Every tunnel of this node, also those whose handshake is going on.
-spec get_tunnel_metrics() -> [{macula_tunnels:tunnel_id(), metrics()}].
get_tunnel_metrics() ->
    metrics(macula_tunnels:list()).

%% @doc With a node name: its tunnels, normally none or one, in the same form. With a tunnel id: that tunnel's figures.
-spec get_tunnel_metrics(node()) -> [{macula_tunnels:tunnel_id(), metrics()}];
                        (macula_tunnels:tunnel_id()) -> {ok, metrics()} | {error, not_found}.
get_tunnel_metrics(Node) when is_atom(Node) ->
    metrics([Tunnel || {_, Name, _, _} = Tunnel <- macula_tunnels:list(), Name =:= Node]);
get_tunnel_metrics(TunnelId) when is_binary(TunnelId) ->
    case metrics([Tunnel || {Id, _, _, _} = Tunnel <- macula_tunnels:list(), Id =:= TunnelId]) of
        [{_, Metrics}] -> {ok, Metrics};
        [] -> {error, not_found}
    end.

metrics([]) ->
    [];
metrics(Tunnels) ->
    Said = said_by_agent(),
    [{Id, maps:merge(state(Id, maps:merge(unknown(), maps:get(Id, Said, #{}))),
                     maps:from_list([{name(Key), Value} || {Key, Value} <- Stat]))}
     || {Id, _, Socket, _} <- Tunnels,
        {ok, Stat} <- [inet:getstat(Socket, [send_oct, recv_oct, send_cnt, recv_cnt])]].

said_by_agent() ->
    case macula_agent:status() of
        {ok, _, #{tunnels := Tunnels}} when is_list(Tunnels) ->
            maps:from_list([{Id, maps:with(maps:keys(unknown()), Tunnel)} || #{id := Id} = Tunnel <- Tunnels]);
        _ ->
            #{}
    end.

%% What this node knows itself wins: it also ends a tunnel whose agent is silent.
state(Id, Metrics) ->
    case {macula_tunnels:is_detached(Id), Metrics} of
        {true, _} -> Metrics#{state := detached};
        {false, #{state := undefined}} -> Metrics#{state := open};
        {false, _} -> Metrics
    end.

unknown() ->
    maps:from_list([{Key, undefined} || Key <- [state, relay, transport, rtt_ms, reattachments, detached_ms, bytes_waiting_out, bytes_waiting_in]]).

name(send_oct) -> bytes_out;
name(recv_oct) -> bytes_in;
name(send_cnt) -> msgs_out;
name(recv_cnt) -> msgs_in.
