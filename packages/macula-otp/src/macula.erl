%% @doc Joining the mesh, leaving it, finding out why a node can't be reached, and hearing what happens to connections.
-module(macula).

-export([join_mesh/1, leave_mesh/0, status/0, why/1, subscribe/0, unsubscribe/0]).

-export_type([why/0]).

-type why() :: #{node := node(), reason := atom(), text := binary(), at := integer()}.

%% @doc Joins the mesh; returns when a relay has accepted the node, or with the reason why not. A failed call
%% leaves nothing behind.
%%
%% Options: `relays' (required, list of URLs), `realm' (default `<<"io.macula">>'), `identity' (default the node's
%% name), `tls_verify' (`none', the default, or `verify_peer'), `token_file' (for a realm that needs a token). It takes at most `connect_timeout' (10 s by
%% default). The settings of {@link macula_settings} are options, too. One that can't be used is a `bad_option', also when it comes
%% from the environment.
%%
%% The maps of `refused' and `connect_timeout' have, by relay URL, `relays' (the cause in words) and `codes' (an atom like `token_expired').
-spec join_mesh(map()) -> ok | {error, Reason} when
      Reason :: macula_options:bad_option()
              | {not_distributed, #{text := binary()}}
              | {agent_unavailable | connect_timeout | refused | already_joined, map()}.
join_mesh(Options) ->
    case macula_options:parse(Options) of
        {ok, Parsed} ->
            case carrier() of
                running -> join(Parsed);
                Error -> Error
            end;
        Error ->
            Error
    end.

%% @doc Leaves the mesh: its connections end, and nothing joins again by itself, neither the environment nor a
%% restarted agent.
-spec leave_mesh() -> ok.
leave_mesh() ->
    macula_joined:leave(),
    _ = macula_agent:leave(),
    ok.

%% @doc The state of the agent and of the mesh session. Works when the agent is down, too.
-spec status() -> #{agent := up | down, joined := boolean(), atom() => term()}.
status() ->
    Joined = macula_joined:is_joined(),
    case macula_agent:status() of
        {ok, Hello, Status} ->
            maps:merge(Status, #{agent => up, joined => maps:get(joined, Status, Joined),
                                 agent_version => maps:get(agent_version, Hello, undefined),
                                 agent_os_pid => maps:get(os_pid, Hello, undefined)});
        {error, {agent_unavailable, #{text := Text}}} ->
            #{agent => down, joined => Joined, text => Text}
    end.

%% @doc Why is it pang? The last known reason for this node, in words, with what to do about it. `at' is
%% `erlang:system_time(millisecond)' of that moment. `connected', `detached' and `never_tried' are reasons too.
-spec why(node()) -> why().
why(Node) when is_atom(Node) ->
    case {lists:member(Node, nodes(connected)) orelse Node =:= node(), macula_reasons:lookup(Node)} of
        {true, _} ->
            case macula_tunnels:is_node_detached(Node) of
                true -> explained(Node, detached);
                false -> explained(Node, connected)
            end;
        {false, {ok, #{reason := connected}}} -> explained(Node, connection_closed);
        {false, {ok, Entry}} -> Entry#{node => Node};
        {false, error} ->
            case macula_dist:is_node_name(Node) of
                true -> explained(Node, never_tried);
                false -> explained(Node, bad_name)
            end
    end.

%% @doc From now on the calling process gets a message `{macula, Kind, Info}' for each connection that comes up (`tunnel_up'), loses its path
%% and is being resumed (`tunnel_detached'), has one again (`tunnel_resumed') or ends (`tunnel_down'); {@link macula_events:info()} is what `Info' has.
%% Until {@link unsubscribe/0} or the end of the process, also while the distribution is restarted. A process that leaves 10,000
%% messages unread loses its subscription; the log says so.
-spec subscribe() -> ok | {error, {not_distributed | too_many_subscribers, #{text := binary()}}}.
subscribe() ->
    case carrier() of
        running ->
            case macula_events:subscribe(self()) of
                {error, not_running} -> not_distributed("The carrier is just being stopped or started. Try again in a moment.");
                Result -> Result
            end;
        Error ->
            Error
    end.

%% @doc No messages of {@link subscribe/0} any more, but for those that are in the mailbox already.
-spec unsubscribe() -> ok.
unsubscribe() ->
    macula_events:unsubscribe(self()).

join(Options) ->
    Started = erlang:monotonic_time(millisecond),
    Timeout = macula_config:integer(connect_timeout),
    case {macula_agent:join(Options, Timeout), macula_joined:is_from_environment()} of
        {{error, {already_joined, _}}, true} ->
            _ = macula_agent:leave(),
            Spent = erlang:monotonic_time(millisecond) - Started,
            Result = macula_agent:join(Options, max(1, Timeout - Spent)),
            _ = [macula_agent:tell(rejoin) || Result =/= ok],
            Result;
        {Result, _} ->
            Result
    end.

explained(Node, Reason) ->
    #{node => Node, reason => Reason, text => macula_reasons:explain(Reason), at => erlang:system_time(millisecond)}.

carrier() ->
    case {whereis(macula_agent_sup), is_our_carrier()} of
        {Pid, _} when is_pid(Pid) -> running;
        {undefined, true} -> not_distributed("This node is not distributed yet. Start it with -name or -sname, or call "
                                             "net_kernel:start/1.");
        {undefined, false} -> not_distributed("This node was not started with the macula carrier. Start it with -proto_dist "
                                              "macula -no_epmd -start_epmd false and the macula application in the code path.")
    end.

is_our_carrier() ->
    case init:get_argument(proto_dist) of
        {ok, Lists} -> lists:member("macula", lists:append(Lists));
        error -> false
    end.

not_distributed(Text) ->
    {error, {not_distributed, #{text => unicode:characters_to_binary(Text)}}}.
