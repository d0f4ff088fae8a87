%% @doc The control channel to the agent: a port to the process we started, or a socket to one that was already
%% running. Nothing here waits: a write the agent does not take at once is refused, because `port_command' would
%% suspend the caller, heartbeat included.
-module(macula_channel).

-export([open/0, send/2, close/1, kill/1, classify/2, explain_exit/1]).

-include_lib("kernel/include/file.hrl").

-export_type([channel/0]).

-type channel() :: {port, port(), OsPid :: integer()} | {socket, gen_tcp:socket()}.

-define(MAX_FRAME_BYTES, 1048576).
-define(KILL_WAIT_MS, 200).
-define(SEND_TIMEOUT_MS, 100).

%% @doc Starts the agent, or connects to the one `agent_socket' names.
-spec open() -> {ok, channel()} | {error, Text :: string()}.
open() ->
    case macula_config:text(agent_socket) of
        undefined -> open_port_channel();
        Path -> open_socket_channel(Path)
    end.

%% @doc Hands over one term, without ever waiting.
-spec send(channel(), term()) -> ok | busy | closed.
send({port, Port, _}, Term) ->
    try erlang:port_command(Port, term_to_binary(Term), [nosuspend]) of
        true -> ok;
        false -> busy
    catch
        error:_ -> closed
    end;
send({socket, Socket}, Term) ->
    %% As inet_tcp_dist does for ticks. After a timeout the driver has the data and the next write finds it busy.
    case inet_tcp:send(Socket, term_to_binary(Term), [nosuspend]) of
        ok -> ok;
        {error, busy} -> busy;
        {error, timeout} -> ok;
        {error, _} -> closed
    end.

%% @doc Closing ends a healthy agent; see {@link kill/1} for the other kind.
-spec close(channel()) -> ok.
close({port, Port, _}) ->
    try true = erlang:port_close(Port), ok catch error:_ -> ok end;
close({socket, Socket}) ->
    gen_tcp:close(Socket).

%% @doc Ends an agent of ours that does not react, by process id: one that spins in native code survives its closed
%% port. It starts a program in a process of its own, and waits for it only as long as a shutdown allows.
-spec kill(channel()) -> ok.
kill({socket, _}) ->
    ok;
kill({port, _, OsPid}) ->
    Command = case os:type() of
                  {win32, _} -> "taskkill /F /PID ";
                  _ -> "kill -9 "
              end ++ integer_to_list(OsPid),
    {_, Monitor} = spawn_monitor(fun() -> os:cmd(Command) end),
    receive
        {'DOWN', Monitor, process, _, _} -> ok
    after ?KILL_WAIT_MS ->
        true = demonitor(Monitor, [flush]),
        ok
    end.

%% @doc What a message means for this channel. Terms are decoded without `safe': the agent runs as the same user
%% and is trusted as much as this node; PROTOCOL.md forbids it to make atoms of what strangers send.
-spec classify(channel() | undefined, term()) -> {term, term()} | {down, Text :: string()} | bad_frame | other.
classify({port, Port, _}, {Port, {data, Frame}}) -> decode(Frame);
classify({port, Port, _}, {Port, {exit_status, Status}}) -> {down, explain_exit(Status)};
classify({port, Port, _}, {'EXIT', Port, Reason}) -> {down, text("the port ended: ~tp", [Reason])};
classify({socket, Socket}, {tcp, Socket, Frame}) -> decode(Frame);
classify({socket, Socket}, {tcp_closed, Socket}) -> {down, "the running agent closed the control socket"};
classify({socket, Socket}, {tcp_error, Socket, Reason}) -> {down, text("the control socket failed: ~tp", [Reason])};
classify({socket, Socket}, {'EXIT', Socket, Reason}) -> {down, text("the control socket failed: ~tp", [Reason])};
classify(_, _) -> other.

-spec explain_exit(integer()) -> string().
explain_exit(2) -> "the agent ended after a protocol error; are the agent and the macula application of the same version?";
explain_exit(3) -> "the package @macula/node-agent is not installed beside the macula application (npm install, or set MACULA_AGENT)";
explain_exit(Status) when Status > 128 -> text("the agent was ended by signal ~b", [Status - 128]);
explain_exit(Status) -> text("the agent ended with status ~b", [Status]).

open_port_channel() ->
    case {node_executable(), agent_script()} of
        {{ok, Node}, {ok, Script}} ->
            Options = [{args, [Script]}, {packet, 4}, binary, exit_status, nouse_stdio, hide,
                       {env, macula_config:agent_environment()}],
            try erlang:open_port({spawn_executable, Node}, Options) of
                Port -> opened(Port)
            catch
                error:Reason -> {error, text("~ts can't be started: ~tp", [Node, Reason])}
            end;
        {{error, Text}, _} -> {error, Text};
        {_, {error, Text}} -> {error, Text}
    end.

opened(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, OsPid} -> {ok, {port, Port, OsPid}};
        undefined -> {error, "the agent ended at once"}
    end.

open_socket_channel(Path) ->
    Options = [{inet_backend, inet}, binary, {packet, 4}, {packet_size, ?MAX_FRAME_BYTES}, {active, true},
               {send_timeout, ?SEND_TIMEOUT_MS}],
    case gen_tcp:connect({local, Path}, 0, Options, 2000) of
        {ok, Socket} -> {ok, {socket, Socket}};
        {error, Reason} -> {error, text("no agent listens on ~ts (~tp); start one: macula agent --socket ~ts", [Path, Reason, Path])}
    end.

node_executable() ->
    case macula_config:text(node_executable) of
        undefined -> search_path(string:lexemes(os:getenv("PATH", ""), path_separator()));
        Path -> {ok, Path}
    end.

%% os:find_executable needs the file server, which OTP 25 starts after the distribution.
search_path([]) ->
    {error, "no program 'node' in PATH; install Node.js 20.19 or newer, or set MACULA_NODE to it"};
search_path([Directory | Directories]) ->
    Path = filename:join(Directory, node_name()),
    case prim_file:read_file_info(Path) of
        {ok, #file_info{type = regular, mode = Mode}} when Mode band 8#111 =/= 0 -> {ok, Path};
        _ -> search_path(Directories)
    end.

agent_script() ->
    Script = case macula_config:text(agent_script) of
                 undefined -> filename:join([application_directory(), "priv", "agent.mjs"]);
                 Path -> Path
             end,
    case prim_file:read_file_info(Script) of
        {ok, #file_info{type = regular}} -> {ok, Script};
        _ -> {error, text("the agent script ~ts does not exist; set MACULA_AGENT to it", [Script])}
    end.

application_directory() ->
    case code:which(?MODULE) of
        Beam when is_list(Beam), Beam =/= "" -> filename:absname(filename:dirname(filename:dirname(Beam)), root());
        _ -> filename:dirname(code:priv_dir(macula))
    end.

%% filename:absname/1 would ask the file server for the working directory.
root() ->
    case prim_file:get_cwd() of
        {ok, Directory} -> Directory;
        _ -> "/"
    end.

decode(Frame) ->
    case byte_size(Frame) =< ?MAX_FRAME_BYTES andalso not is_compressed(Frame) of
        true -> try {term, binary_to_term(Frame)} catch error:_ -> bad_frame end;
        false -> bad_frame
    end.

%% A compressed term could claim 4 GB in a few bytes, and the emulator takes that memory before it looks. (Not `<<131, 80, _/binary>>':
%% what OTP 25 compiles that to OTP 29 doesn't load.)
is_compressed(Frame) ->
    byte_size(Frame) > 1 andalso binary:at(Frame, 1) =:= 80.

path_separator() ->
    case os:type() of {win32, _} -> ";"; _ -> ":" end.

node_name() ->
    case os:type() of {win32, _} -> "node.exe"; _ -> "node" end.

text(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
