%% @doc The local sockets: one to listen on for tunnels the agent brings, and one per tunnel dialled at the agent.
%% Unix-domain sockets in a fresh directory of mode 0700; loopback TCP where there are none, or with
%% `MACULA_LOCAL_SOCKETS=tcp'.
%%
%% Here and in macula_tunnel_setup binaries are not matched in patterns: OTP 29 refuses to load such functions when OTP 25
%% compiled them, and one set of beam files should serve all.
%%
%% Only calls that work before the file server runs (OTP 25 starts it after the distribution), and without crypto: in embedded mode
%% its on_load function runs after the distribution has started. The directory's name need not be secret.
-module(macula_listener).

-export([new_table/0, listen/2, current/0, close/1, remove/1, dial/2, socket_bases/1]).

-include_lib("kernel/include/file.hrl").

-export_type([address/0]).

-type address() :: {local, binary()} | {tcp, inet:port_number()}.

-define(TABLE, ?MODULE).
%% sun_path has 108 bytes, one of them for the terminating zero.
-define(MAX_PATH_BYTES, 107).
%% Loopback TCP hides 4 MiB in its buffers otherwise, which makes back-pressure late.
-define(TCP_BUFFERS, [{sndbuf, 262144}, {recbuf, 262144}]).

-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% @doc Listens and remembers it for an agent that starts later. The caller owns the socket.
-spec listen(Name :: atom(), Host :: string()) ->
          {ok, gen_tcp:socket(), Family :: local | inet, Address :: term()} | {error, term()}.
listen(Name, Host) ->
    Result = case macula_config:text(local_sockets) of
                 "tcp" -> listen_tcp();
                 _ -> listen_local(socket_bases(fun os:getenv/1))
             end,
    case Result of
        {ok, _, _, Address} ->
            macula_name_type:learn(),
            remember(unicode:characters_to_binary([atom_to_list(Name), $@, Host]), public_address(Address)),
            Result;
        Error ->
            Error
    end.

%% @doc What an agent must be told: the node's name and where it listens.
-spec current() -> {ok, Node :: binary(), address()} | none.
current() ->
    try ets:lookup(?TABLE, listening) of
        [{_, Node, Address}] -> {ok, Node, Address};
        [] -> none
    catch
        error:badarg -> none
    end.

-spec close(gen_tcp:socket() | undefined) -> ok.
close(undefined) ->
    ok;
close(Socket) ->
    _ = gen_tcp:close(Socket),
    forget().

%% @doc Deletes a socket and its directory, where they look like ours: a socket in a directory `macula-*' of mode
%% 0700. Also for what an agent left behind.
-spec remove(address() | undefined) -> ok.
remove({local, Path}) ->
    Directory = filename:dirname(Path),
    case {is_private(Directory), prim_file:read_link_info(Path)} of
        {true, {ok, #file_info{type = other}}} ->
            _ = prim_file:delete(Path),
            delete_directory(Directory);
        {true, _} ->
            delete_directory(Directory);
        {false, _} ->
            ok
    end;
remove(_) ->
    ok.

%% @doc Connects to the agent's local socket, in the mode dist_util needs: a list-mode inet port.
-spec dial(address(), timeout()) -> {ok, gen_tcp:socket()} | {error, term()}.
dial({local, Path}, Timeout) ->
    gen_tcp:connect({local, Path}, 0, [{inet_backend, inet} | mode()], Timeout);
dial({tcp, Port}, Timeout) ->
    gen_tcp:connect({127, 0, 0, 1}, Port, [{inet_backend, inet} | mode()] ++ [{nodelay, true} | ?TCP_BUFFERS], Timeout).

%% @doc Directories to make the socket's directory in, best first.
-spec socket_bases(fun((string()) -> string() | false)) -> [string()].
socket_bases(Lookup) ->
    [Base || Base <- [Lookup("XDG_RUNTIME_DIR"), Lookup("TMPDIR"), "/tmp"], is_list(Base), lists:prefix("/", Base)].

listen_local([]) ->
    listen_tcp();
listen_local([Base | Bases]) ->
    Directory = unicode:characters_to_binary([Base, "/macula-", integer_to_list(rand:uniform(1 bsl 64), 16)]),
    Path = <<Directory/binary, "/beam.sock">>,
    case byte_size(Path) =< ?MAX_PATH_BYTES andalso make_private(Directory) of
        true ->
            case gen_tcp:listen(0, [{inet_backend, inet}, {ifaddr, {local, Path}}, {backlog, 128} | mode()]) of
                {ok, Socket} ->
                    {ok, Socket, local, {local, Path}};
                {error, _} ->
                    _ = prim_file:del_dir(Directory),
                    listen_local(Bases)
            end;
        false ->
            listen_local(Bases)
    end.

listen_tcp() ->
    Options = [{inet_backend, inet}, {ip, {127, 0, 0, 1}}, {backlog, 128}, {nodelay, true} | mode()] ++ ?TCP_BUFFERS,
    case gen_tcp:listen(0, Options) of
        {ok, Socket} ->
            {ok, Address} = inet:sockname(Socket),
            {ok, Socket, inet, Address};
        Error ->
            Error
    end.

mode() ->
    [list, {packet, 2}, {active, false}].

is_private(Directory) ->
    case prim_file:read_link_info(Directory) of
        {ok, #file_info{type = directory, mode = Mode}} ->
            Mode band 8#777 =:= 8#700
                andalso lists:prefix("macula-", unicode:characters_to_list(filename:basename(Directory)));
        _ ->
            false
    end.

%% Until the mode is set the directory is readable for others, but empty and not writable.
make_private(Directory) ->
    prim_file:make_dir(Directory) =:= ok
        andalso (prim_file:write_file_info(Directory, #file_info{mode = 8#700}) =:= ok
                 orelse begin _ = prim_file:del_dir(Directory), false end).

delete_directory(Directory) ->
    _ = prim_file:del_dir(Directory),
    ok.

public_address({local, _} = Address) -> Address;
public_address({_Ip, Port}) -> {tcp, Port}.

remember(Node, Address) ->
    try
        true = ets:insert(?TABLE, {listening, Node, Address}),
        macula_agent:tell(listening)
    catch
        error:badarg -> ok
    end.

forget() ->
    case current() of
        {ok, _, Address} ->
            true = ets:delete(?TABLE, listening),
            macula_agent:tell(not_listening),
            remove(Address);
        none ->
            ok
    end.
