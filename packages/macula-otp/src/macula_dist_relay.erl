%% @doc Counters of the tunnels. The emulator's driver counts them at the socket, at no cost: `msgs_*' are whole
%% distribution packets (ticks and fragments of large messages count as one each), `bytes_*' are their bytes.
-module(macula_dist_relay).

-export([get_tunnel_metrics/0, get_tunnel_metrics/1]).

-export_type([metrics/0]).

-type metrics() :: #{bytes_out := non_neg_integer(), bytes_in := non_neg_integer(),
                     msgs_out := non_neg_integer(), msgs_in := non_neg_integer()}.

%% @doc Every tunnel of this node, also those whose handshake is going on.
-spec get_tunnel_metrics() -> [{macula_tunnels:tunnel_id(), metrics()}].
get_tunnel_metrics() ->
    metrics(macula_tunnels:list()).

%% @doc With a node name: its tunnels, normally none or one, in the same form. With a tunnel id: that tunnel's counters.
-spec get_tunnel_metrics(node()) -> [{macula_tunnels:tunnel_id(), metrics()}];
                        (macula_tunnels:tunnel_id()) -> {ok, metrics()} | {error, not_found}.
get_tunnel_metrics(Node) when is_atom(Node) ->
    metrics([Tunnel || {_, Name, _, _} = Tunnel <- macula_tunnels:list(), Name =:= Node]);
get_tunnel_metrics(TunnelId) when is_binary(TunnelId) ->
    case metrics([Tunnel || {Id, _, _, _} = Tunnel <- macula_tunnels:list(), Id =:= TunnelId]) of
        [{_, Metrics}] -> {ok, Metrics};
        [] -> {error, not_found}
    end.

metrics(Tunnels) ->
    [{Id, maps:from_list([{name(Key), Value} || {Key, Value} <- Stat])}
     || {Id, _, Socket, _} <- Tunnels,
        {ok, Stat} <- [inet:getstat(Socket, [send_oct, recv_oct, send_cnt, recv_cnt])]].

name(send_oct) -> bytes_out;
name(recv_oct) -> bytes_in;
name(send_cnt) -> msgs_out;
name(recv_cnt) -> msgs_in.
