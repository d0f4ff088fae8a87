%% @doc The words on a tunnel's local socket before the distribution handshake starts. Runs in the process that
%% owns the socket.
-module(macula_tunnel_setup).

-export([dial/4, receive_token/2, parse_frame/1]).

-export_type([frame/0]).

-type frame() :: progress | {open, macula_tunnels:tunnel_id()} | {failed, atom(), binary()} | unknown.

%% The agent says "p" at least every 2 s; three of them missing are silence.
-define(SILENCE_MS, 6000).

%% @doc Asks the agent for a tunnel and waits until it is open. `Step' bounds what happens on this machine,
%% `dist_timeout' the whole; each sign of progress resets OTP's setup timer.
-spec dial(node(), node(), Timer :: pid(), Step :: pos_integer()) ->
          {ok, gen_tcp:socket(), macula_tunnels:tunnel_id()} | {error, atom(), unicode:chardata()}.
dial(Node, MyNode, Timer, Step) ->
    Deadline = now_ms() + macula_settings:value(dist_timeout),
    case macula_agent:connect(Node, MyNode, Step) of
        {ok, Token, Address} ->
            dist_util:reset_timer(Timer),
            dial_agent(Address, Token, Timer, Step, Deadline);
        {error, {Reason, #{text := Text}}} -> {error, Reason, Text};
        {error, Reason} -> {error, Reason, ""}
    end.

dial_agent(Address, Token, Timer, Step, Deadline) ->
    case macula_listener:dial(Address, Step) of
        {ok, Socket} ->
            case gen_tcp:send(Socket, Token) of
                ok -> wait(Socket, Timer, min(?SILENCE_MS, Step + 400), Deadline);
                {error, Reason} -> unavailable(Reason)
            end;
        {error, Reason} ->
            unavailable(Reason)
    end.

wait(Socket, Timer, Silence, Deadline) ->
    case gen_tcp:recv(Socket, 0, max(0, min(Silence, Deadline - now_ms()))) of
        {ok, Frame} ->
            case parse_frame(Frame) of
                progress -> dist_util:reset_timer(Timer), wait(Socket, Timer, Silence, Deadline);
                {open, TunnelId} -> {ok, Socket, TunnelId};
                {failed, Reason, Text} -> {error, Reason, Text};
                unknown -> {error, internal, "the agent sent an unknown frame"}
            end;
        {error, timeout} ->
            case now_ms() >= Deadline of
                true -> {error, timeout, "the tunnel took too long"};
                false -> {error, timeout, "the agent stopped reporting progress"}
            end;
        {error, Reason} ->
            unavailable(Reason)
    end.

%% @doc The first frame of an incoming tunnel: a token this node gave out, and the tunnel's id. `closed' without any is somebody
%% who only looked whether this node listens, as agents do before they clean up.
-spec receive_token(gen_tcp:socket(), timeout()) -> {ok, macula_tunnels:tunnel_id()} | closed | error.
receive_token(Socket, Timeout) ->
    case gen_tcp:recv(Socket, 0, Timeout) of
        {ok, Frame} when length(Frame) =:= 64 ->
            {Token, TunnelId} = lists:split(32, Frame),
            case macula_tokens:redeem(list_to_binary(Token)) of
                {ok, _Peer} -> {ok, list_to_binary(TunnelId)};
                error -> error
            end;
        {error, closed} ->
            closed;
        _ ->
            error
    end.

%% @doc A frame of the agent, as the list-mode socket gives it.
-spec parse_frame([byte()]) -> frame().
parse_frame([$p | _]) -> progress;
parse_frame([$o | TunnelId]) when length(TunnelId) =:= 32 -> {open, list_to_binary(TunnelId)};
parse_frame([$e, 131, 80 | _Compressed]) -> unknown;
parse_frame([$e | Term]) ->
    try binary_to_term(list_to_binary(Term)) of
        {Reason, Text} when is_atom(Reason), is_binary(Text) -> {failed, Reason, Text};
        _ -> unknown
    catch
        error:_ -> unknown
    end;
parse_frame(_) -> unknown.

unavailable(Reason) ->
    {error, agent_unavailable, io_lib:format("the agent's local socket failed: ~tp", [Reason])}.

now_ms() ->
    erlang:monotonic_time(millisecond).
