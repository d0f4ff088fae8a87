%% @doc Why a node is not connected: the last reason per node, and what each reason means in plain English.
-module(macula_reasons).

-export([new_table/0, record/3, lookup/1, forget/1, explain/1, describe/2, is_elsewhere/1]).

-export_type([entry/0]).

-type entry() :: #{reason := atom(), text := binary(), at := integer()}.

-define(TABLE, ?MODULE).
%% At most 1000 nodes; then the oldest entry goes.
-define(MAX_NODES, 1000).
%% How long a node the mesh does not know is left to the other carrier (`-proto_dist inet_tcp macula').
-define(ELSEWHERE_MS, 60000).

-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% @doc Remembers a reason, under the name as text, since a name from the network must not become an atom. `Detail' is what the agent or OTP said about this very attempt; it may be empty.
-spec record(node() | binary(), atom(), unicode:chardata()) -> ok.
record(Node, Reason, Detail) when is_atom(Node) ->
    record(atom_to_binary(Node), Reason, Detail);
record(Node, Reason, Detail) ->
    try
        case ets:member(?TABLE, Node) orelse ets:info(?TABLE, size) < ?MAX_NODES of
            true -> ok;
            false -> drop_oldest()
        end,
        Order = erlang:unique_integer([monotonic]),
        true = ets:insert(?TABLE, {Node, Order, Reason, Detail, erlang:system_time(millisecond)}),
        ok
    catch
        error:badarg -> ok
    end.

-spec lookup(node()) -> {ok, entry()} | error.
lookup(Node) ->
    try ets:lookup(?TABLE, atom_to_binary(Node)) of
        [{_, _, Reason, Detail, At}] -> {ok, #{reason => Reason, text => describe(Reason, Detail), at => At}};
        [] -> error
    catch
        error:badarg -> error
    end.

-spec forget(node()) -> ok.
forget(Node) ->
    try true = ets:delete(?TABLE, atom_to_binary(Node)), ok catch error:badarg -> ok end.

%% @doc Whether the mesh said lately that it does not know this node, so that another carrier may try. Never
%% raises: net_kernel asks through `select/1'.
-spec is_elsewhere(node()) -> boolean().
is_elsewhere(Node) ->
    case lookup(Node) of
        {ok, #{reason := Reason, at := At}} ->
            lists:member(Reason, [not_found, not_here, hop_limit, not_joined, agent_unavailable, bad_name])
                andalso erlang:system_time(millisecond) - At < ?ELSEWHERE_MS;
        error ->
            false
    end.

%% @doc Cause and remedy, and what was said about this very case.
-spec describe(atom(), unicode:chardata()) -> binary().
describe(Reason, Detail) ->
    Explanation = explain(Reason),
    case unicode:characters_to_binary(Detail) of
        Said when is_binary(Said), Said =/= <<>> -> <<Explanation/binary, " (", Said/binary, ")">>;
        _ -> Explanation
    end.

drop_oldest() ->
    Oldest = ets:foldl(fun({Node, Order, _, _, _}, {_, Least}) when Order < Least -> {Node, Order};
                          (_, Least) -> Least
                       end, {none, infinity}, ?TABLE),
    ets:delete(?TABLE, element(1, Oldest)).

%% @doc Cause and remedy. Also for reasons a newer agent may invent.
-spec explain(atom()) -> binary().
explain(connected) ->
    <<"The node is connected.">>;
explain(detached) ->
    <<"The node is connected, but the connection has no path at this moment; it is being resumed, and nothing is lost so far. "
      "macula_dist_relay:get_tunnel_metrics/1 says for how long, the log why.">>;
explain(never_tried) ->
    <<"This node has not tried to reach it since its distribution was started. Call net_adm:ping/1, then ask again.">>;
explain(not_joined) ->
    <<"This node has not joined the mesh, and the other node was not found on the local network. "
      "Call macula:join_mesh/1 or set MACULA_RELAYS.">>;
explain(not_found) ->
    <<"No relay of the mesh knows this name in your realm. Check the spelling (nodes() on the other side, or node()), that the "
      "other node has joined with the same realm, and that its relay peers with yours.">>;
explain(not_here) ->
    <<"A relay expected the node but it had just left. Try again in a moment; if it stays so, look at the other node's "
      "macula:status/0.">>;
explain(hop_limit) ->
    <<"The relays passed the request on until the hop limit was reached. Their peering has a gap: the relay's operator can see "
      "it with 'macula doctor'.">>;
explain(decrypt_failed) ->
    <<"The two nodes do not have the same cookie for each other. Compare erlang:get_cookie() on both sides, and "
      "erlang:set_cookie/2 if you use cookies per node.">>;
explain(refused) ->
    <<"The other side or a relay refused the connection: the other node does not listen (-dist_listen false), does not allow "
      "this node (net_kernel:allow/1), or the realm's token does not permit it.">>;
explain(version_unsupported) ->
    <<"The two agents have no version of the tunnel protocol in common: one is older, or protocol 1 is set (MACULA_PROTOCOL1_PEERS) at "
      "one end only.">>;
explain(timeout) ->
    <<"The tunnel was not made within DIST_TIMEOUT (25 s by default). The way to the other node is slow or cut; try again, or "
      "raise dist_timeout.">>;
explain(relay_lost) ->
    <<"No relay is connected, or the connection went through one that was lost. Look at macula:status/0 and at the relay.">>;
explain(window_over) ->
    <<"The connection lost its path, and no other was found within reconnect_interval x reconnect_max_attempts (30 s by default). Look at "
      "macula:status/0 on both nodes and at their relays; it can be connected anew at once.">>;
explain(no_progress) ->
    <<"The connection was resumed again and again without getting on: something on the way takes connections and drops them. "
      "Look at the relays.">>;
explain(path_lost) ->
    <<"The way to the other node broke off: a relay, an agent or the network between them.">>;
explain(path_reset) ->
    <<"A relay or the other node's agent gave up the way to the other node.">>;
explain(path_ended) ->
    <<"The way to the other node ended in the middle.">>;
explain(silent) ->
    <<"Nothing comes on the way to the other node, not even the answer to a question.">>;
explain(slept) ->
    <<"The agent of this node stood still for more than 5 s: a suspended machine, or one that is overloaded.">>;
explain(peer_closed) ->
    <<"The other node closed the connection: it stopped, restarted, or disconnected on purpose.">>;
explain(busy) ->
    <<"The relay or the other node has too many connections being made. Try again in a few seconds.">>;
explain(too_many_failures) ->
    <<"The other node has seen too many attempts from here that could not prove its cookie, and takes one in 30 s now. Compare "
      "erlang:get_cookie() on both sides, correct it, and wait 30 s.">>;
explain(tunnel_limit) ->
    <<"This node, or its realm, has as many tunnels as its relay allows. Disconnect nodes that are not needed, or have the relay's "
      "operator raise the limit.">>;
explain(open_rate) ->
    <<"This node tried too many connections in too short a time, or too many names that no relay knows. Wait a few seconds and try "
      "again; look for a process that sends to nodes that are gone, in a loop.">>;
explain(bad_name) ->
    <<"This is not a name a node can have in the mesh. It must be name@host, at most 255 bytes.">>;
explain(internal) ->
    <<"The agent met a defect of its own; its message is in the log. Please report it.">>;
explain(agent_unavailable) ->
    <<"The agent process beside this node is not running or does not answer. Is Node.js installed and in PATH (or MACULA_NODE)? "
      "The log has the cause; macula:status/0 shows it too.">>;
explain(handshake_failed) ->
    <<"The tunnel was made but the two nodes did not finish OTP's own handshake. Often both connected at once and the other "
      "attempt won; if not, the log of either node says what it lacked (OTP 23 can't talk to OTP 26 and later).">>;
explain(name_type) ->
    <<"One of the two nodes runs with short names (-sname), the other with long ones (-name), so neither can use the other's name. "
      "Start both in the same way.">>;
explain(no_cookie) ->
    <<"The distribution was starting or stopping, so there was no cookie to use. Try again.">>;
explain(net_tick_timeout) ->
    <<"Nothing arrived for net_ticktime seconds. net_ticktime should be the same on all nodes; otherwise the way between the "
      "nodes was cut or the other node hung.">>;
explain(left) ->
    <<"This node left the mesh (macula:leave_mesh/0), which ended its connections. Call macula:join_mesh/1 to come back.">>;
explain(beam_closed) ->
    explain(peer_closed);
explain(agent_stopped) ->
    <<"An agent stopped, the other node's or the one beside this node; that node left the mesh, ended, or its agent was started again. "
      "Try again in a moment.">>;
explain(killed) ->
    <<"The process of the connection was killed. OTP does so when the other node connects anew.">>;
explain(shutdown) ->
    <<"The distribution of this node was stopped.">>;
explain(disconnect) ->
    explain(disconnected);
explain(disconnected) ->
    <<"This node disconnected on purpose (erlang:disconnect_node/1), or OTP's global did to prevent overlapping partitions.">>;
explain(connection_closed) ->
    <<"The connection's local socket was closed: the other node stopped, or the agent process ended and was restarted.">>;
explain(unknown_tunnel) ->
    <<"The agent of the other node was started again, or has given the connection up, and knows nothing of it any more. It can be "
      "connected anew at once.">>;
explain(Token) when Token =:= token_revoked; Token =:= token_expired ->
    <<"The realm's token of one of the two nodes does not count any more, and its relay ended the connection. macula:status/0 of the "
      "node whose token it was has a join_error; that one needs a new token.">>;
explain(Other) ->
    <<"The connection ended: ", (atom_to_binary(Other))/binary, ".">>.
