-module(macula_events_tests).
-include_lib("eunit/include/eunit.hrl").

-export([log/2]).

-define(UP, #{node => a@b, tunnel => <<1:256>>}).

events_test_() ->
    {foreach, local, fun setup/0, fun cleanup/1,
     [{"each subscriber hears each event once", fun once/0}, {"unsubscribed hears nothing", fun unsubscribe/0},
      {"the end of a subscriber is seen", fun ended/0}, {"at most 1000", fun bounded/0}, {"who doesn't read is dropped", fun mailbox/0},
      {"subscriptions outlive a crash", fun crash/0}, {"and a stop of the distribution", fun stopped/0},
      {"not running", fun not_running/0}]}.

setup() ->
    _ = process_flag(trap_exit, true),
    ok = macula_events:new_table(),
    {ok, _} = macula_events:start_link(),
    ok = logger:set_primary_config(level, none).

cleanup(_) ->
    _ = [gen_server:stop(macula_events) || whereis(macula_events) =/= undefined],
    true = ets:delete(macula_events),
    ok = logger:set_primary_config(level, notice),
    _ = persistent_term:erase({macula, subscribers}),
    receive_all().

once() ->
    ok = macula_events:subscribe(self()),
    ok = macula_events:subscribe(self()),
    ok = tell(),
    ?assertEqual([{macula, tunnel_up, ?UP}], receive_all()).

unsubscribe() ->
    ok = macula_events:subscribe(self()),
    ok = macula_events:unsubscribe(self()),
    ok = macula_events:unsubscribe(self()),
    ok = tell(),
    ?assertEqual([], receive_all()).

ended() ->
    {Pid, Monitor} = spawn_monitor(fun() -> receive stop -> ok end end),
    ok = macula_events:subscribe(Pid),
    Pid ! stop,
    receive {'DOWN', Monitor, process, _, _} -> ok end,
    ok = tell(),
    ?assertEqual(#{}, sys:get_state(macula_events)),
    ?assertEqual([], ets:tab2list(macula_events)).

bounded() ->
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 1000)],
    [ok = macula_events:subscribe(Pid) || Pid <- Pids],
    ?assertMatch({error, {too_many_subscribers, #{text := _}}}, macula_events:subscribe(self())),
    ?assertEqual(ok, macula_events:subscribe(hd(Pids))),
    [Pid ! stop || Pid <- Pids].

mailbox() ->
    Pid = spawn(fun() -> receive stop -> ok end end),
    ok = macula_events:subscribe(Pid),
    [Pid ! unread || _ <- lists:seq(1, 9999)],
    ok = tell(),
    ok = tell(),
    ?assertEqual({message_queue_len, 10000}, process_info(Pid, message_queue_len)),
    ?assertEqual(#{}, sys:get_state(macula_events)),
    Pid ! stop.

crash() ->
    ok = macula_events:subscribe(self()),
    exit(whereis(macula_events), kill),
    receive {'EXIT', _, killed} -> ok end,
    {ok, _} = macula_events:start_link(),
    ok = tell(),
    ?assertMatch([_], receive_all()).

stopped() ->
    ok = macula_events:subscribe(self()),
    Other = spawn(fun() -> receive stop -> ok end end),
    ok = macula_events:subscribe(Other),
    restart(fun() -> ok = macula_events:unsubscribe(Other) end),
    ok = tell(),
    ?assertMatch([_], receive_all()),
    ?assertEqual([self()], maps:keys(sys:get_state(macula_events))),
    Other ! stop.

%% As net_sup does.
restart(Meanwhile) ->
    Pid = whereis(macula_events),
    exit(Pid, shutdown),
    receive {'EXIT', Pid, shutdown} -> ok end,
    true = ets:delete(macula_events),
    Meanwhile(),
    ok = macula_events:new_table(),
    {ok, _} = macula_events:start_link().

not_running() ->
    ok = gen_server:stop(macula_events),
    ?assertEqual({error, not_running}, macula_events:subscribe(self())),
    ?assertEqual(ok, macula_events:unsubscribe(self())),
    ?assertEqual(ok, macula_events:tell(tunnel_up, ?UP)).

lines_test_() ->
    Line = fun(Kind, Info) ->
                   {Format, Arguments} = macula_events:format((maps:merge(?UP, Info))#{event => Kind}),
                   lists:flatten(io_lib:format(Format, Arguments))
           end,
    [?_assertEqual("macula: connected to a@b", Line(tunnel_up, #{})),
     ?_assertEqual("macula: the connection to a@b has no path (silent) and is being resumed for at most 30.5 s",
                   Line(tunnel_detached, #{reason => silent, window_ms => 30567})),
     ?_assertEqual("macula: the connection to a@b has a path again after 7 ms; nothing is lost",
                   Line(tunnel_resumed, #{after_ms => 7, reattachments => 1})),
     ?_assertEqual("macula: the connection to a@b is over (left): gone    away",
                   Line(tunnel_down, #{reason => left, text => <<"gone\r\n\e away">>}))].

%% Structured, with levels that say how bad it is, and found by the metadata of all lines.
levels_test() ->
    Self = self(),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => #{to => Self}}),
    ok = logger:set_primary_config(level, info),
    ok = macula_events:new_table(),
    {ok, Pid} = macula_events:start_link(),
    With = fun(More) -> maps:merge(?UP, More) end,
    Down = fun(Reason) -> {tunnel_down, With(#{reason => Reason, text => <<"why">>})} end,
    [ok = macula_events:tell(Kind, Info)
     || {Kind, Info} <- [{tunnel_up, ?UP}, {tunnel_detached, With(#{reason => silent, window_ms => 1, text => <<>>})},
                         {tunnel_resumed, With(#{after_ms => 1, reattachments => 1})}, Down(window_over), Down(left)]],
    ok = gen_server:stop(Pid),
    ok = logger:remove_handler(?MODULE),
    ok = logger:set_primary_config(level, notice),
    true = ets:delete(macula_events),
    ?assertEqual([{info, tunnel_up}, {warning, tunnel_detached}, {notice, tunnel_resumed}, {warning, tunnel_down}, {info, tunnel_down}],
                 [{Level, Kind} || {logged, #{level := Level, msg := {report, #{event := Kind, node := a@b}}, meta := #{macula := #{}}}}
                                       <- receive_all()]).

-spec log(logger:log_event(), logger:handler_config()) -> ok.
log(Event, #{config := #{to := Pid}}) ->
    Pid ! {logged, Event},
    ok.

tell() ->
    ok = macula_events:tell(tunnel_up, ?UP),
    _ = sys:get_state(macula_events),
    ok.

receive_all() ->
    receive Message -> [Message | receive_all()] after 0 -> [] end.
