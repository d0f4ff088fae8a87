%% @doc The distribution carrier, `-proto_dist macula'. It hands dist_util a plain inet port that is connected to
%% the agent, so after the handshake the emulator's own driver moves the bytes and no Erlang process is in the
%% path.
%%
%% net_kernel calls these functions in its own process (OTP 25 to 28 all of them), so none may raise or wait.
%% `#hs_data{}' gets external funs only: a local one would be purged by the second upgrade of this module, and each
%% link with it.
-module(macula_dist).

-export([childspecs/0, listen/1, listen/2, address/0, address/1, accept/1, accept_connection/5, setup/5, close/1, select/1,
         is_node_name/1, setopts/2, getopts/2]).
-export([accept_loop/2, do_accept/6, do_setup/6]).
-export([pre_nodeup/1, post_nodeup/1, remote_address/2, tick/1, getstat/1, handshake_complete/3]).

-include_lib("kernel/include/net_address.hrl").
-include_lib("kernel/include/dist.hrl").
-include_lib("kernel/include/dist_util.hrl").

%% Of the two steps that don't depend on the network.
-define(LOCAL_STEP_MS, 5000).
%% So long at most the acceptor stays in the code of before an upgrade; a second upgrade would kill it there.
-define(ACCEPT_MS, 3000).
%% Out of file descriptors: try again, ending the acceptor would end the node's distribution.
-define(ACCEPT_PAUSE_MS, 100).
%% One counter per process and tick; see getstat/1.
-define(TUNNEL_KEY, macula_tunnel_id).
-define(CREDIT_KEY, macula_detached_ticks).

-spec childspecs() -> {ok, [supervisor:child_spec()]}.
childspecs() ->
    %% Makes sys.config visible. The application itself must not be started here: that hangs the boot.
    _ = try application:load(macula) catch _:_ -> error end,
    load_modules(),
    {ok, [macula_agent_sup:childspec()]}.

%% All at once, since Mix (of Elixir 1.15 and later) removes from the code path what its project does not name.
load_modules() ->
    _ = [code:ensure_loaded(Module) || {ok, Modules} <- [application:get_key(macula, modules)], Module <- Modules],
    case code:ensure_loaded(crypto) of
        {error, nofile} ->
            macula_log:log(error, "the application crypto, without which no connection can be made, is not in the code path. "
                           "A release has only the applications it names: add crypto to them (Mix: extra_applications: [:crypto]).");
        _ ->
            ok
    end.

-spec listen(atom()) -> {ok, {gen_tcp:socket(), #net_address{}, 1..16#ffffffff}} | {error, term()}.
listen(Name) ->
    {ok, Host} = inet:gethostname(),
    listen(Name, Host).

-spec listen(atom(), string()) -> {ok, {gen_tcp:socket(), #net_address{}, 1..16#ffffffff}} | {error, term()}.
listen(Name, Host) ->
    case macula_listener:listen(Name, Host) of
        {ok, Socket, Family, Address} ->
            {ok, {Socket, #net_address{address = Address, host = Host, protocol = macula, family = Family}, creation()}};
        Error ->
            Error
    end.

-spec address() -> #net_address{}.
address() ->
    {ok, Host} = inet:gethostname(),
    address(Host).

%% @doc OTP 26 and later, for a node that does not listen.
-spec address(string()) -> #net_address{}.
address(Host) ->
    #net_address{host = Host, protocol = macula, family = local}.

-spec accept(gen_tcp:socket()) -> pid().
accept(Listen) ->
    spawn_opt(?MODULE, accept_loop, [self(), Listen], [link, {priority, max}]).

%% @private
-spec accept_loop(pid(), gen_tcp:socket()) -> no_return().
accept_loop(Kernel, Listen) ->
    case gen_tcp:accept(Listen, ?ACCEPT_MS) of
        {ok, Socket} ->
            Kernel ! {accept, self(), Socket, family(Listen), macula},
            receive
                {Kernel, controller, Pid} ->
                    _ = gen_tcp:controlling_process(Socket, Pid),
                    Pid ! {self(), controller};
                {Kernel, unsupported_protocol} ->
                    exit(unsupported_protocol)
            end,
            ?MODULE:accept_loop(Kernel, Listen);
        {error, timeout} ->
            ?MODULE:accept_loop(Kernel, Listen);
        {error, Reason} when Reason =:= emfile; Reason =:= enfile; Reason =:= system_limit; Reason =:= econnaborted ->
            timer:sleep(?ACCEPT_PAUSE_MS),
            ?MODULE:accept_loop(Kernel, Listen);
        Error ->
            exit(Error)
    end.

-spec accept_connection(pid(), gen_tcp:socket(), node(), term(), pos_integer()) -> pid().
accept_connection(Acceptor, Socket, MyNode, Allowed, SetupTime) ->
    spawn_opt(?MODULE, do_accept, [self(), Acceptor, Socket, MyNode, Allowed, SetupTime], dist_util:net_ticker_spawn_options()).

%% @private
-spec do_accept(pid(), pid(), gen_tcp:socket(), node(), term(), pos_integer()) -> no_return().
do_accept(Kernel, Acceptor, Socket, MyNode, Allowed, SetupTime) ->
    _ = process_flag(sensitive, true),
    receive {Acceptor, controller} -> ok end,
    Timer = dist_util:start_timer(SetupTime),
    case macula_tunnel_setup:receive_token(Socket, ?LOCAL_STEP_MS) of
        {ok, TunnelId} ->
            known_tunnel(TunnelId, undefined, Socket),
            user_options(Socket, inet_dist_listen_options),
            dist_util:reset_timer(Timer),
            dist_util:handshake_other_started((handshake(Kernel, MyNode, Socket, Timer))#hs_data{allowed = Allowed});
        closed ->
            dist_util:shutdown(?MODULE, ?LINE, no_node);
        error ->
            macula_log:log(warning, "a local connection without a valid token was closed. If this repeats, look for another "
                           "program of this user that connects to the node's socket."),
            dist_util:shutdown(?MODULE, ?LINE, no_node)
    end.

-spec setup(node(), term(), node(), longnames | shortnames, pos_integer()) -> pid().
setup(Node, Type, MyNode, LongOrShortNames, SetupTime) ->
    spawn_opt(?MODULE, do_setup, [self(), Node, Type, MyNode, LongOrShortNames, SetupTime], dist_util:net_ticker_spawn_options()).

%% @private
-spec do_setup(pid(), node(), term(), node(), longnames | shortnames, pos_integer()) -> no_return().
do_setup(Kernel, Node, Type, MyNode, LongOrShortNames, SetupTime) ->
    _ = process_flag(sensitive, true),
    Timer = dist_util:start_timer(SetupTime),
    %% Shorter than net_setuptime, which would kill this process before it can say why.
    Step = max(200, min(?LOCAL_STEP_MS, SetupTime - 500)),
    case dial(Node, MyNode, LongOrShortNames, Timer, Step) of
        {ok, Socket, TunnelId} ->
            macula_reasons:record(Node, handshake_failed, ""),
            known_tunnel(TunnelId, Node, Socket),
            user_options(Socket, inet_dist_connect_options),
            dist_util:reset_timer(Timer),
            dist_util:handshake_we_started((handshake(Kernel, MyNode, Socket, Timer))#hs_data{other_node = Node,
                                                                                             request_type = Type});
        {error, Reason, Text} ->
            macula_reasons:record(Node, Reason, Text),
            macula_log:log(debug, "no connection to ~ts: ~tp, ~ts", [Node, Reason, Text]),
            dist_util:shutdown(?MODULE, ?LINE, Node, {macula, Reason})
    end.

dial(Node, MyNode, LongOrShortNames, Timer, Step) ->
    case macula_name_type:is_mixed(macula_listener:current() =/= none, LongOrShortNames, Node) of
        false ->
            macula_tunnel_setup:dial(Node, MyNode, Timer, Step);
        true ->
            macula_log:log(error, "no connection to ~ts: ~ts", [Node, macula_reasons:explain(name_type)]),
            {error, name_type, ""}
    end.

-spec close(gen_tcp:socket() | undefined) -> ok.
close(Listen) ->
    macula_listener:close(Listen).

%% @doc With another carrier beside this one (`-proto_dist inet_tcp macula'), names the mesh has just called
%% unknown are left to it.
-spec select(term()) -> boolean().
select(Node) ->
    is_node_name(Node) andalso not (has_other_carrier() andalso macula_reasons:is_elsewhere(Node)).

-spec is_node_name(term()) -> boolean().
is_node_name(Node) when is_atom(Node) ->
    case string:split(atom_to_list(Node), "@", all) of
        [[_ | _], [_ | _]] -> true;
        _ -> false
    end;
is_node_name(_) ->
    false.

%% @doc The socket is `undefined' when `net_kernel:setopts(new, ...)' is called on a node that does not listen.
%% inet_tcp_dist refuses what would break a live link: active, deliver, packet.
-spec setopts(gen_tcp:socket() | undefined, list()) -> ok | {error, term()}.
setopts(undefined, _) -> {error, enotsup};
setopts(Socket, Options) -> guarded(fun() -> inet_tcp_dist:setopts(Socket, Options) end).

-spec getopts(gen_tcp:socket() | undefined, list()) -> {ok, list()} | {error, term()}.
getopts(undefined, _) -> {error, enotsup};
getopts(Socket, Options) -> guarded(fun() -> inet_tcp_dist:getopts(Socket, Options) end).

%% @private
-spec pre_nodeup(gen_tcp:socket()) -> ok | {error, term()}.
pre_nodeup(Socket) ->
    inet:setopts(Socket, [{active, false}, {packet, 4}, {nodelay, true}]).

%% @private
-spec post_nodeup(gen_tcp:socket()) -> ok | {error, term()}.
post_nodeup(Socket) ->
    inet:setopts(Socket, [{active, true}, {deliver, port}, {packet, 4}, binary, {nodelay, true}]).

%% @private
-spec remote_address(gen_tcp:socket(), node()) -> #net_address{}.
remote_address(Socket, Node) ->
    [_, Host] = string:split(atom_to_list(Node), "@"),
    #net_address{address = get(?TUNNEL_KEY), host = Host, protocol = macula, family = family(Socket)}.

%% @private
-spec tick(gen_tcp:socket()) -> term().
tick(Socket) ->
    inet_tcp_dist:tick(inet_tcp, Socket).

%% @doc While the agent says that it is making a new path, each look counts as something received, so the link
%% survives an outage that is longer than net_ticktime. See `macula_tunnels:detached/3' for the deadline.
%% @private
-spec getstat(gen_tcp:socket()) -> {ok, integer(), integer(), integer() | boolean()} | {error, term()}.
getstat(Socket) ->
    case inet_tcp_dist:getstat(Socket) of
        {ok, Received, Sent, Pending} -> {ok, Received + detached_ticks(), Sent, Pending};
        Error -> Error
    end.

%% @private
-spec handshake_complete(gen_tcp:socket(), node(), term()) -> ok.
handshake_complete(_Socket, Node, _Handle) ->
    macula_tunnels:up(get(?TUNNEL_KEY), Node).

handshake(Kernel, MyNode, Socket, Timer) ->
    #hs_data{kernel_pid = Kernel, this_node = MyNode, socket = Socket, timer = Timer, this_flags = 0,
             f_send = fun gen_tcp:send/2, f_recv = fun gen_tcp:recv/3,
             f_setopts_pre_nodeup = fun ?MODULE:pre_nodeup/1, f_setopts_post_nodeup = fun ?MODULE:post_nodeup/1,
             f_getll = fun inet:getll/1, f_address = fun ?MODULE:remote_address/2,
             mf_tick = fun ?MODULE:tick/1, mf_getstat = fun ?MODULE:getstat/1,
             mf_setopts = fun ?MODULE:setopts/2, mf_getopts = fun ?MODULE:getopts/2,
             f_handshake_complete = fun ?MODULE:handshake_complete/3}.

known_tunnel(TunnelId, Node, Socket) ->
    undefined = put(?TUNNEL_KEY, TunnelId),
    macula_tunnels:add(TunnelId, Node, Socket).

%% What `net_kernel:setopts(new, ...)' keeps for later connections; one that this kind of socket doesn't have counts for nothing.
user_options(Socket, Parameter) ->
    case application:get_env(kernel, Parameter) of
        {ok, Options} when is_list(Options) -> lists:foreach(fun(Option) -> setopts(Socket, [Option]) end, Options);
        _ -> ok
    end.

detached_ticks() ->
    Ticks = case get(?CREDIT_KEY) of undefined -> 0; Count -> Count end,
    case macula_tunnels:is_detached(get(?TUNNEL_KEY)) of
        true -> _ = put(?CREDIT_KEY, Ticks + 1), Ticks + 1;
        false -> Ticks
    end.

has_other_carrier() ->
    case init:get_argument(proto_dist) of
        {ok, [[_, _ | _] | _]} -> true;
        _ -> false
    end.

family(Socket) ->
    case inet:sockname(Socket) of
        {ok, {local, _}} -> local;
        _ -> inet
    end.

%% 1 to 3 are reserved for nodes that register with EPMD.
creation() ->
    rand:uniform(16#fffffffc) + 3.

guarded(Fun) ->
    try Fun() catch _:_ -> {error, einval} end.
