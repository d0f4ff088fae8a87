%% @doc The messages {@link macula_agent} sends, and what happens to a request that is answered, never answered, or
%% lost with its agent.
-module(macula_agent_requests).

-export([hello/1, answer_incoming/2, message/2, answered/3, unanswered/2, survives/2, without_rejoins/1, problem/1]).

-export_type([request/0, problem/0]).

%% join waits for a caller until its deadline, and for a new agent if need be; rejoin is ours, and each agent gets
%% a new one.
-type request() :: {join, gen_server:from(), macula_options:options(), Deadline :: integer(), Timer :: reference()}
                 | {rejoin, macula_options:options()}
                 | {leave | status, gen_server:from() | none, Timer :: reference()}.
-type problem() :: {agent_unavailable, #{text := binary()}}.

-spec hello(pos_integer()) -> tuple().
hello(Protocol) ->
    Version = case application:get_key(macula, vsn) of {ok, Vsn} -> Vsn; undefined -> "unknown" end,
    {hello, #{protocol => Protocol, app_version => list_to_binary(Version), net_ticktime => macula_config:net_ticktime(),
              otp_release => list_to_binary(erlang:system_info(otp_release)), os_pid => list_to_binary(os:getpid())}}.

%% @doc The key for a peer and a token for its tunnel, or why not.
-spec answer_incoming(integer(), Peer :: binary()) -> tuple().
answer_incoming(Id, Peer) ->
    case {macula_listener:current(), macula_name_type:is_mixed(Peer) orelse macula_tokens:key(Peer)} of
        {none, _} -> {refuse, Id, not_listening};
        {_, true} -> {refuse, Id, name_type};
        {_, {error, Reason}} -> {refuse, Id, Reason};
        {_, {ok, Key}} ->
            case macula_tokens:mint(Peer) of
                {ok, Token} -> {accept, Id, #{token => Token, key => Key}};
                {error, Reason} -> {refuse, Id, Reason}
            end
    end.

%% @doc A request as the agent gets it.
-spec message(pos_integer(), request()) -> tuple().
message(Ref, {join, _, Options, Deadline, _}) ->
    {join, Ref, Options#{connect_timeout => agents_part(max(1, Deadline - now_ms())), persistent => false}};
message(Ref, {rejoin, Options}) ->
    {join, Ref, Options#{connect_timeout => macula_config:integer(connect_timeout), persistent => true}};
message(Ref, {Kind, _, _}) ->
    {Kind, Ref}.

%% The agent's answer must be here in time, too, from a busy machine as well.
agents_part(LeftMs) -> max(1, LeftMs - min(1000, LeftMs div 4)).

%% @doc What an answer changes, and who gets it.
-spec answered(request(), term(), map() | undefined) -> ok.
answered({join, _, _, _, _} = Request, {ok, _}, Info) ->
    answered(Request, ok, Info);
answered({join, From, Options, _, Timer}, Result, _) ->
    _ = erlang:cancel_timer(Timer),
    _ = [macula_joined:set(Options) || Result =:= ok],
    gen_server:reply(From, Result);
answered({rejoin, Options}, Result, _) when Result =:= ok; element(1, Result) =:= ok ->
    macula_joined:set(Options);
answered({rejoin, _}, {error, {already_joined, _}}, _) ->
    ok;
answered({rejoin, _}, {error, Reason}, _) ->
    macula_log:log(error, "joining the mesh failed for good: ~0tp. Correct the options and call macula:join_mesh/1.", [Reason]);
answered({leave, From, Timer}, _, _) ->
    _ = erlang:cancel_timer(Timer),
    reply(From, ok);
answered({status, From, Timer}, {ok, Status}, Info) when is_map(Status), is_map(Info) ->
    _ = erlang:cancel_timer(Timer),
    reply(From, {ok, Info, Status});
answered({status, From, Timer}, _, _) ->
    _ = erlang:cancel_timer(Timer),
    reply(From, problem("its answer is not a status"));
answered(_, _, _) ->
    ok.

reply(none, _) -> ok;
reply(From, Result) -> gen_server:reply(From, Result).

%% @doc The agent did not answer in time.
-spec unanswered(request(), {error, problem()}) -> ok.
unanswered({join, From, _, _, _}, Problem) -> gen_server:reply(From, Problem);
unanswered({leave, From, _}, _) -> reply(From, ok);
unanswered({_, From, _}, Problem) -> reply(From, Problem).

%% @doc Whether a request goes to the next agent, now that this one is lost; if not, its caller is told.
-spec survives(request(), Why :: unicode:chardata()) -> boolean().
survives({join, _, _, _, _}, _) -> true;
survives({rejoin, _}, _) -> false;
survives(Request, Why) -> ok = unanswered(Request, problem(Why)), false.

%% @doc After leave_mesh/0 a late success must not count.
-spec without_rejoins(#{pos_integer() => request()}) -> #{pos_integer() => request()}.
without_rejoins(Requests) ->
    maps:filter(fun(_, Request) -> element(1, Request) =/= rejoin end, Requests).

-spec problem(unicode:chardata()) -> {error, problem()}.
problem(Text) ->
    {error, {agent_unavailable, #{text => unicode:characters_to_binary(["the agent is not available: ", Text])}}}.

now_ms() ->
    erlang:monotonic_time(millisecond).
