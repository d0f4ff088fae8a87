%% @doc Owns the agent: starts it, hears its heartbeat, starts it again when it ends, and speaks PROTOCOL.md with
%% it. What to tell a new agent (where we listen, what we joined) is kept outside this process.
%%
%% Keys pass through this process only, so it is `sensitive' and hides its state.
-module(macula_agent).
-behaviour(gen_server).

-export([start_link/0, connect/3, join/2, leave/0, status/0, tell/1]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2, terminate/2, format_status/1]).

-define(PROTOCOL, 1).
-define(FIRST_BACKOFF_MS, 100).
-define(LAST_BACKOFF_MS, 10000).
%% An agent that lived this long was well: the next start happens at once again.
-define(HEALTHY_MS, 10000).
-define(STATUS_TIMEOUT_MS, 2000).
-define(FLUSH_MS, 100).
%% Messages kept for an agent that does not read; beyond that the heartbeat decides.
-define(MAX_QUEUE, 1000).
-define(MAX_WAITING, 1000).
-define(NET_KERNEL_LOOK_MS, 10).

-record(state, {channel :: macula_channel:channel() | undefined,
                info :: map() | undefined,          %% the agent's hello; undefined until it has come
                problem = "it is being started" :: string(),
                backoff = ?FIRST_BACKOFF_MS :: pos_integer(),
                opened :: integer(), heard :: integer(), beat :: integer(),
                next = 1 :: pos_integer(),
                asked = #{} :: #{pos_integer() => macula_agent_requests:request()},
                rejoin_due = false :: boolean(),    %% once the agent knows this node's name
                waiting = [] :: [{gen_server:from(), node(), node(), Deadline :: integer()}],
                queue = [] :: [term()]}).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% @doc Announces a tunnel to `Node'; the caller dials the address and sends the token.
-spec connect(node(), MyName :: node(), timeout()) ->
          {ok, macula_tokens:token(), macula_listener:address()} | {error, macula_agent_requests:problem() | no_cookie}.
connect(Node, MyName, Timeout) ->
    call({connect, Node, MyName, now_ms() + Timeout}, Timeout).

-spec join(macula_options:options(), pos_integer()) -> ok | {error, term()}.
join(Options, Timeout) ->
    call({join, Options, now_ms() + Timeout}, Timeout + 900).

-spec leave() -> ok | {error, macula_agent_requests:problem()}.
leave() ->
    call(leave, ?STATUS_TIMEOUT_MS + 500).

-spec status() -> {ok, Hello :: map(), Status :: map()} | {error, macula_agent_requests:problem()}.
status() ->
    call(status, ?STATUS_TIMEOUT_MS + 500).

%% @doc What changed in the carrier. A new agent hears the first two and joins again anyway.
-spec tell(listening | not_listening | rejoin | {closed, macula_tunnels:tunnel_id()}) -> ok.
tell(News) ->
    gen_server:cast(?MODULE, News).

-spec init([]) -> {ok, #state{}, {continue, open}}.
init([]) ->
    _ = process_flag(trap_exit, true),
    _ = process_flag(sensitive, true),
    _ = process_flag(priority, high),
    Now = now_ms(),
    beat_later(),
    {ok, #state{opened = Now, heard = Now, beat = Now}, {continue, open}}.

-spec handle_continue(open, #state{}) -> {noreply, #state{}}.
handle_continue(open, State) ->
    Now = now_ms(),
    case macula_channel:open() of
        {ok, Channel} ->
            Opened = State#state{channel = Channel, info = undefined, opened = Now, heard = Now, queue = [],
                                 problem = "it has not answered yet"},
            {noreply, send_listening(send(macula_agent_requests:hello(?PROTOCOL), Opened))};
        {error, Text} ->
            _ = [macula_log:log(error, "the agent does not run: ~ts. Connections to other nodes fail until it does.", [Text])
                 || Text =/= State#state.problem],
            {noreply, reopen_later(State#state{problem = Text})}
    end.

-spec handle_call(term(), gen_server:from(), #state{}) -> {noreply, #state{}} | {reply, term(), #state{}}.
handle_call({connect, Node, MyName, Deadline}, From, #state{info = undefined, waiting = Waiting} = State) ->
    case length(Waiting) < ?MAX_WAITING of
        true -> {noreply, State#state{waiting = [{From, Node, MyName, Deadline} | Waiting]}};
        false -> {reply, unavailable(State), State}
    end;
handle_call({connect, Node, MyName, _}, From, State) ->
    {noreply, announce(From, Node, MyName, State)};
handle_call({join, Options, Deadline}, From, #state{next = Ref} = State) ->
    Timer = erlang:send_after(max(0, Deadline - now_ms()), self(), {unanswered, Ref}),
    {noreply, ask(Ref, {join, From, Options, Deadline, Timer}, State)};
handle_call(leave, _From, #state{info = undefined, asked = Asked} = State) ->
    {reply, ok, State#state{asked = macula_agent_requests:without_rejoins(Asked)}};
handle_call(leave, From, #state{asked = Asked} = State) ->
    {noreply, ask_briefly(leave, From, State#state{asked = macula_agent_requests:without_rejoins(Asked)})};
handle_call(status, _From, #state{info = undefined} = State) ->
    {reply, unavailable(State), State};
handle_call(status, From, State) ->
    {noreply, ask_briefly(status, From, State)};
handle_call(_, _From, State) ->
    {reply, {error, unknown_call}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(listening, State) -> {noreply, send_listening(State)};
handle_cast(not_listening, State) -> {noreply, send({not_listening}, State)};
handle_cast(rejoin, #state{info = #{}} = State) -> {noreply, rejoin(State)};
handle_cast({closed, Id}, #state{info = #{}} = State) -> {noreply, send({closed, Id}, State)};
handle_cast(_, State) -> {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {noreply, #state{}, {continue, open}}.
handle_info(open, #state{channel = undefined} = State) -> {noreply, State, {continue, open}};
handle_info(heartbeat, State) -> {noreply, heartbeat(State)};
handle_info(flush, State) -> {noreply, flush(State)};
handle_info(rejoin_due, State) -> {noreply, rejoin_if_due(State)};
handle_info({unanswered, Ref}, #state{asked = Asked} = State) when is_map_key(Ref, Asked) ->
    {noreply, unanswered(Ref, State)};
handle_info(Message, #state{channel = Channel} = State) ->
    case macula_channel:classify(Channel, Message) of
        {term, Term} -> {noreply, handle_term(Term, State#state{heard = now_ms()})};
        bad_frame -> {noreply, lost("it sent a frame that is no term", State)};
        {down, Text} -> {noreply, lost(Text, State)};
        other -> {noreply, State}
    end.

-spec terminate(term(), #state{}) -> ok.
terminate(_Reason, #state{channel = undefined}) ->
    ok;
terminate(_Reason, #state{channel = Channel, heard = Heard, beat = Beat}) ->
    macula_channel:close(Channel),
    %% A healthy agent ends by itself when its channel closes.
    _ = [macula_channel:kill(Channel) || Beat - Heard > 2 * macula_config:integer(agent_heartbeat)],
    ok.

%% @private For sys:get_status and crash reports: no key, no token.
-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) ->
    maps:map(fun(state, #state{info = Info, problem = Problem}) -> #{agent => Info, problem => Problem};
                (log, _) -> [];
                (_, _) -> hidden
             end, Status).

%% Messages of the agent

handle_term({hello, #{protocol := ?PROTOCOL, address := _} = Info}, #state{waiting = Waiting, asked = Asked} = State) ->
    macula_log:log(info, "the agent runs (process ~tp, version ~ts)",
                   [maps:get(os_pid, Info, unknown), maps:get(agent_version, Info, <<"unknown">>)]),
    Rejoined = rejoin_soon(State#state{info = Info, waiting = [], problem = ""}),
    Joined = maps:fold(fun(Ref, Request, S) -> send(macula_agent_requests:message(Ref, Request), S) end, Rejoined, Asked),
    Now = now_ms(),
    lists:foldr(fun({From, Node, MyName, Deadline}, S) when Deadline > Now -> announce(From, Node, MyName, S);
                   (_, S) -> S
                end, Joined, Waiting);
handle_term({hello, Other}, State) ->
    lost(io_lib:format("it speaks another protocol: ~0tP", [Other, 20]), State);
handle_term({pong, _}, State) ->
    flush(State);
handle_term({reply, Ref, Result}, #state{asked = Asked} = State) when is_map_key(Ref, Asked) ->
    {Request, Rest} = maps:take(Ref, Asked),
    macula_agent_requests:answered(Request, Result, State#state.info),
    State#state{asked = Rest};
handle_term({incoming, Id, #{peer := Peer}}, State) when is_binary(Peer) ->
    send(macula_agent_requests:answer_incoming(Id, Peer), State);
handle_term({tunnel_down, Id, Reason, Text}, State) when is_atom(Reason) ->
    ok = macula_tunnels:end_tunnel(Id, Reason, Text),
    State;
handle_term({tunnel_detached, Id, #{window_ms := Ms, reason := Reason}}, State) when is_integer(Ms), Ms >= 0, is_atom(Reason) ->
    ok = macula_tunnels:detached(Id, Ms, Reason),
    State;
handle_term({tunnel_resumed, Id, #{after_ms := Ms, reattachments := Count}}, State) when is_integer(Ms), is_integer(Count) ->
    ok = macula_tunnels:resumed(Id, Ms, Count),
    State;
handle_term({event, Kind, Level, Data}, State) ->
    macula_agent_events:handle(Kind, Level, Data),
    State;
handle_term({error, Code, Text}, State) ->
    macula_log:log(error, "the agent refuses to go on: ~tp, ~ts", [Code, Text]),
    State;
handle_term(_, State) ->
    State.

%% Requests to the agent

ask(Ref, Request, #state{asked = Asked, info = Info} = State) ->
    Next = State#state{asked = Asked#{Ref => Request}, next = Ref + 1},
    case Info of
        undefined -> Next;
        _ -> send(macula_agent_requests:message(Ref, Request), Next)
    end.

ask_briefly(Kind, From, #state{next = Ref} = State) ->
    Timer = erlang:send_after(?STATUS_TIMEOUT_MS, self(), {unanswered, Ref}),
    ask(Ref, {Kind, From, Timer}, State).

%% The agent keeps an identity under the name that it has heard before; so the distribution must have started, or a node be dialled.
rejoin_soon(State) ->
    Self = self(),
    _ = spawn_link(fun() -> await_net_kernel(), Self ! rejoin_due end),
    State#state{rejoin_due = true}.

await_net_kernel() ->
    case whereis(net_kernel) of
        undefined -> timer:sleep(?NET_KERNEL_LOOK_MS), await_net_kernel();
        %% It answers when it listens, if it ever will.
        _ -> try _ = net_kernel:get_state(), ok catch _:_ -> ok end
    end.

rejoin_if_due(#state{rejoin_due = true} = State) -> rejoin(send_listening(State));
rejoin_if_due(State) -> State.

rejoin(#state{next = Ref} = State) ->
    Next = State#state{rejoin_due = false},
    case macula_joined:wanted() of
        {ok, Options} -> ask(Ref, {rejoin, Options}, Next);
        none -> Next;
        {error, Text} -> macula_log:log(error, Text), Next
    end.

unanswered(Ref, #state{asked = Asked} = State) ->
    {Request, Rest} = maps:take(Ref, Asked),
    Without = State#state{asked = Rest},
    macula_agent_requests:unanswered(Request, unavailable(State)),
    case {element(1, Request), macula_joined:wanted()} of
        {join, {ok, _}} -> Without;
        %% Should it succeed after all, nothing may stay behind.
        {join, _} -> ask_briefly(leave, none, Without);
        _ -> Without
    end.

announce(From, Node, MyName, Joining) ->
    #state{next = Id, info = #{address := Address}} = State = rejoin_if_due(Joining),
    case macula_tokens:key(Node) of
        {ok, Key} ->
            Token = macula_tokens:random(),
            Tunnel = #{node => atom_to_binary(Node), self => atom_to_binary(MyName), token => Token, key => Key},
            Sent = send({connect, Id, Tunnel}, State#state{next = Id + 1}),
            gen_server:reply(From, {ok, Token, Address}),
            Sent;
        Error ->
            gen_server:reply(From, Error),
            State
    end.

%% Without waiting for the agent's hello: should this node be killed now, the agent knows what to remove.
send_listening(State) ->
    case macula_listener:current() of
        {ok, Node, Address} -> send({listening, #{node => Node, address => Address}}, State);
        none -> State
    end.

%% Life of the channel

heartbeat(#state{heard = Heard, beat = Beat, channel = Channel, next = Number} = State) ->
    beat_later(),
    Now = now_ms(),
    _ = macula_tokens:expire(),
    %% This node itself slept (suspended machine, SIGSTOP): that says nothing about the agent.
    LastHeard = case Now - Beat > 3 * macula_config:integer(agent_heartbeat) of true -> Now; false -> Heard end,
    case Channel =/= undefined andalso Now - LastHeard >= macula_config:integer(agent_silence) of
        true ->
            macula_log:log(error, "the agent has not answered for ~b s; it is ended and started again",
                           [(Now - LastHeard) div 1000]),
            macula_channel:kill(Channel),
            lost("it did not answer", State#state{beat = Now});
        false ->
            send({ping, Number}, State#state{beat = Now, heard = LastHeard, next = Number + 1})
    end.

lost(Text, #state{channel = Channel, info = Info, asked = Asked, opened = Opened} = State) ->
    macula_channel:close(Channel),
    macula_log:log(warning, "the agent is lost: ~ts. Its connections are down; it is started again.", [Text]),
    %% Also of a shared agent: it makes one for each of its nodes.
    _ = [macula_listener:remove(maps:get(address, Info)) || is_map(Info)],
    Kept = maps:filter(fun(_, Request) -> macula_agent_requests:survives(Request, Text) end, Asked),
    Healthy = is_map(Info) andalso now_ms() - Opened > ?HEALTHY_MS,
    Backoff = case Healthy of true -> ?FIRST_BACKOFF_MS; false -> State#state.backoff end,
    reopen_later(State#state{channel = undefined, info = undefined, asked = Kept, queue = [], rejoin_due = false, backoff = Backoff,
                             problem = lists:flatten(io_lib:format("~ts", [Text]))}).

reopen_later(#state{backoff = Backoff} = State) ->
    _ = erlang:send_after(Backoff, self(), open),
    State#state{backoff = min(2 * Backoff, ?LAST_BACKOFF_MS)}.

beat_later() ->
    _ = erlang:send_after(macula_config:integer(agent_heartbeat), self(), heartbeat),
    ok.

send(_, #state{channel = undefined} = State) ->
    State;
send(Term, #state{queue = [], channel = Channel} = State) ->
    case macula_channel:send(Channel, Term) of
        busy -> _ = erlang:send_after(?FLUSH_MS, self(), flush), State#state{queue = [Term]};
        _ -> State
    end;
send(Term, #state{queue = Queue} = State) when length(Queue) < ?MAX_QUEUE ->
    State#state{queue = [Term | Queue]};
send(_, State) ->
    State.

flush(#state{queue = Queue} = State) ->
    lists:foldr(fun send/2, State#state{queue = []}, Queue).

unavailable(#state{problem = ""}) -> macula_agent_requests:problem("it does not answer");
unavailable(#state{problem = Text}) -> macula_agent_requests:problem(Text).

call(Request, Timeout) ->
    try gen_server:call(?MODULE, Request, Timeout)
    catch
        exit:{timeout, _} -> macula_agent_requests:problem("it does not answer in time");
        exit:_ -> macula_agent_requests:problem("the carrier is not running")
    end.

now_ms() ->
    erlang:monotonic_time(millisecond).
