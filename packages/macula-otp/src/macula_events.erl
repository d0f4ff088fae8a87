%% @doc Tells what happens to tunnels: as messages to the processes that have subscribed, and as structured log events.
%%
%% Subscriptions outlive this process: a table of the supervisor keeps them through a crash, and they are put aside while the
%% distribution is stopped or restarted, as OTP does by itself with nodes whose name is dynamic.
-module(macula_events).
-behaviour(gen_server).

-export([start_link/0, new_table/0, subscribe/1, unsubscribe/1, tell/2, format/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-export_type([kind/0, info/0]).

-type kind() :: tunnel_up | tunnel_detached | tunnel_resumed | tunnel_down.
%% `window_ms' only with tunnel_detached, `after_ms' and `reattachments' only with tunnel_resumed, `reason' and `text' with tunnel_detached and
%% tunnel_down.
-type info() :: #{node := node(), tunnel := macula_tunnels:tunnel_id(), reason => atom(), text => binary(), window_ms => non_neg_integer(),
                  after_ms => non_neg_integer(), reattachments => non_neg_integer()}.

-define(TABLE, ?MODULE).
-define(ASIDE, {macula, subscribers}).
%% 1000 messages for each event, at about 1 us each.
-define(MAX_SUBSCRIBERS, 1000).
%% A subscriber that does not read: 10,000 messages of about 1 kB are 10 MB. It loses its subscription, and the log says so.
-define(MAX_MAILBOX, 10000).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% @doc Once is enough: a second subscription of the same process changes nothing.
-spec subscribe(pid()) -> ok | {error, {too_many_subscribers, #{text := binary()}} | not_running}.
subscribe(Pid) ->
    call({subscribe, Pid}).

-spec unsubscribe(pid()) -> ok.
unsubscribe(Pid) ->
    case call({unsubscribe, Pid}) of
        ok -> ok;
        {error, not_running} ->
            case persistent_term:get(?ASIDE, []) of
                [] -> ok;
                Aside -> persistent_term:put(?ASIDE, lists:delete(Pid, Aside))
            end
    end.

%% @doc Never waits.
-spec tell(kind(), info()) -> ok.
tell(Kind, Info) ->
    gen_server:cast(?MODULE, {tell, Kind, Info}).

%% @doc The `report_cb' of the log events.
-spec format(logger:report()) -> {io:format(), [term()]}.
format(#{event := Kind, node := Node} = Report) ->
    macula_log:safe(sentence(Kind, Node, Report)).

%% State: the monitor of each subscriber.
-spec init([]) -> {ok, #{pid() => reference()}}.
init([]) ->
    _ = process_flag(trap_exit, true),
    Aside = persistent_term:get(?ASIDE, []),
    _ = persistent_term:erase(?ASIDE),
    true = ets:insert(?TABLE, [{Pid} || Pid <- Aside]),
    {ok, maps:from_list([{Pid, monitor(process, Pid)} || {Pid} <- ets:tab2list(?TABLE)])}.

-spec handle_call(term(), gen_server:from(), #{pid() => reference()}) -> {reply, term(), #{pid() => reference()}}.
handle_call({subscribe, Pid}, _From, Subscribers) when is_map_key(Pid, Subscribers) ->
    {reply, ok, Subscribers};
handle_call({subscribe, _}, _From, Subscribers) when map_size(Subscribers) >= ?MAX_SUBSCRIBERS ->
    Text = <<"1000 processes have subscribed, which is all there may be; have one of them pass the messages on.">>,
    {reply, {error, {too_many_subscribers, #{text => Text}}}, Subscribers};
handle_call({subscribe, Pid}, _From, Subscribers) ->
    true = ets:insert(?TABLE, {Pid}),
    {reply, ok, Subscribers#{Pid => monitor(process, Pid)}};
handle_call({unsubscribe, Pid}, _From, Subscribers) ->
    {reply, ok, without(Pid, Subscribers)};
handle_call(_, _From, Subscribers) ->
    {reply, {error, unknown_call}, Subscribers}.

-spec handle_cast(term(), #{pid() => reference()}) -> {noreply, #{pid() => reference()}}.
handle_cast({tell, Kind, Info}, Subscribers) ->
    log(Kind, Info),
    {noreply, maps:fold(fun(Pid, _, Left) -> send(Pid, {macula, Kind, Info}, Left) end, Subscribers, Subscribers)};
handle_cast(_, Subscribers) ->
    {noreply, Subscribers}.

-spec handle_info(term(), #{pid() => reference()}) -> {noreply, #{pid() => reference()}}.
handle_info({'DOWN', _, process, Pid, _}, Subscribers) ->
    {noreply, without(Pid, Subscribers)};
handle_info(_, Subscribers) ->
    {noreply, Subscribers}.

-spec terminate(term(), #{pid() => reference()}) -> ok.
terminate(Reason, Subscribers) when Reason =:= shutdown; element(1, Reason) =:= shutdown ->
    persistent_term:put(?ASIDE, maps:keys(Subscribers));
terminate(_, _) ->
    ok.

send(Pid, Message, Subscribers) ->
    case process_info(Pid, message_queue_len) of
        {message_queue_len, Length} when Length >= ?MAX_MAILBOX ->
            macula_log:log(warning, "~tp has not read ~b messages; its subscription to tunnels is over", [Pid, Length]),
            without(Pid, Subscribers);
        _ ->
            Pid ! Message,
            Subscribers
    end.

without(Pid, Subscribers) ->
    case maps:take(Pid, Subscribers) of
        {Monitor, Rest} ->
            true = demonitor(Monitor, [flush]),
            true = ets:delete(?TABLE, Pid),
            Rest;
        error ->
            Subscribers
    end.

call(Request) ->
    try gen_server:call(?MODULE, Request)
    catch exit:_ -> {error, not_running}
    end.

log(Kind, Info) ->
    Report = Info#{event => Kind},
    macula_log:report(level(Kind, Info), Report, fun ?MODULE:format/1).

level(tunnel_up, _) -> info;
%% OTP shows notice and above by default: who reads of the loss reads of its end, too.
level(tunnel_resumed, _) -> notice;
level(tunnel_detached, _) -> warning;
%% What this node has chosen.
level(tunnel_down, #{reason := Reason}) when Reason =:= disconnect; Reason =:= left; Reason =:= killed; Reason =:= shutdown -> info;
level(tunnel_down, _) -> warning.

sentence(tunnel_up, Node, _) ->
    io_lib:format("connected to ~ts", [Node]);
sentence(tunnel_detached, Node, #{reason := Reason, window_ms := Window}) ->
    io_lib:format("the connection to ~ts has no path (~ts) and is being resumed for at most ~b.~b s", [Node, Reason, Window div 1000, Window rem 1000 div 100]);
sentence(tunnel_resumed, Node, #{after_ms := Ms}) ->
    io_lib:format("the connection to ~ts has a path again after ~b ms; nothing is lost", [Node, Ms]);
sentence(tunnel_down, Node, #{reason := Reason, text := Text}) ->
    io_lib:format("the connection to ~ts is over (~ts): ~ts", [Node, Reason, Text]);
sentence(Kind, Node, _) ->
    io_lib:format("~ts: ~ts", [Kind, Node]).
