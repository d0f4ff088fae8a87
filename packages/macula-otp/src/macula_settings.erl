%% @doc What users may set about tunnels and the sessions they run over, under the names that macula always had. An option of `join_mesh/1' wins over the
%% application environment, that over the operating system's (`MACULA_DIST_TIMEOUT', or `DIST_TIMEOUT'), that over the default.
%%
%% Asks for nothing that needs the file server, so it works while the distribution starts.
-module(macula_settings).

-export([names/0, configured/1, check/2, window/1, value/1, max_window/0]).

-export_type([name/0, why/0]).

-type name() :: dist_timeout | bridge_recv_timeout | controller_timeout | backpressure_hwm | reconnect_interval | reconnect_max_attempts
              | standby_sessions.
%% Where a bad value stands, when it isn't an option, and why it is bad.
-type why() :: not_an_integer | {not_in_range, Min :: non_neg_integer(), Max :: pos_integer()} | {window_too_long, Max :: pos_integer()}
             | {in_application_env, why()} | {in_environment, Variable :: string(), why()}.

%% The longest time a tunnel may be resumed: 5 min. The agent has the same bound.
-define(MAX_WINDOW_MS, 300000).

-spec names() -> [name(), ...].
names() ->
    [dist_timeout, bridge_recv_timeout, controller_timeout, backpressure_hwm, reconnect_interval, reconnect_max_attempts, standby_sessions].

%% Default and bounds; all times are milliseconds. The agent has the same.
limits(dist_timeout) -> {25000, 1000, 600000};
limits(bridge_recv_timeout) -> {60000, 1000, 600000};
limits(controller_timeout) -> {30000, 1000, 600000};
limits(backpressure_hwm) -> {64, 1, 1024};
limits(reconnect_interval) -> {2000, 100, 60000};
limits(reconnect_max_attempts) -> {15, 1, 3000};
limits(standby_sessions) -> {1, 0, 3}.

%% @doc What is set outside of `join_mesh/1', or the default.
-spec configured(name()) -> {ok, non_neg_integer()} | {error, why()}.
configured(Name) ->
    case application:get_env(macula, Name) of
        {ok, Value} -> placed(check(Name, Value), fun(Why) -> {in_application_env, Why} end);
        undefined -> from_environment(Name, variables(Name))
    end.

-spec check(name(), term()) -> {ok, non_neg_integer()} | {error, why()}.
check(Name, Value) ->
    case limits(Name) of
        {_, Min, Max} when is_integer(Value), Value >= Min, Value =< Max -> {ok, Value};
        {_, Min, Max} when is_integer(Value) -> {error, {not_in_range, Min, Max}};
        _ -> {error, not_an_integer}
    end.

%% @doc The time for which a tunnel without a path is resumed, of options that are right one by one.
-spec window(#{reconnect_interval := pos_integer(), reconnect_max_attempts := pos_integer(), atom() => term()}) ->
          {ok, pos_integer()} | {error, why()}.
window(#{reconnect_interval := Interval, reconnect_max_attempts := Attempts}) ->
    case Interval * Attempts of
        Window when Window =< ?MAX_WINDOW_MS -> {ok, Window};
        _ -> {error, {window_too_long, ?MAX_WINDOW_MS}}
    end.

%% @doc What counts now: that of the mesh this node has joined. A value that can't be used was refused by the join; here it counts as not set.
-spec value(name()) -> non_neg_integer().
value(Name) ->
    case macula_joined:option(Name) of
        {ok, Value} when is_integer(Value) -> Value;
        _ ->
            case configured(Name) of
                {ok, Value} -> Value;
                {error, _} -> element(1, limits(Name))
            end
    end.

-spec max_window() -> pos_integer().
max_window() ->
    ?MAX_WINDOW_MS.

from_environment(Name, []) ->
    {Default, _, _} = limits(Name),
    {ok, Default};
from_environment(Name, [Variable | Variables]) ->
    case os:getenv(Variable, "") of
        "" -> from_environment(Name, Variables);
        Text ->
            Value = case string:to_integer(Text) of {Integer, []} -> Integer; _ -> Text end,
            placed(check(Name, Value), fun(Why) -> {in_environment, Variable, Why} end)
    end.

variables(Name) ->
    Plain = string:uppercase(atom_to_list(Name)),
    ["MACULA_" ++ Plain, Plain].

placed({ok, Value}, _) -> {ok, Value};
placed({error, Why}, Place) -> {error, Place(Why)}.
