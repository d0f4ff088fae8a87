%% @doc Settings: the application environment (`sys.config', `-macula Key Value') first, then the operating
%% system's environment, then the default. Reads nothing that needs the file server, so it works while the
%% distribution starts.
-module(macula_config).

-export([integer/1, text/1, agent_environment/0, net_ticktime/0]).

-export_type([integer_name/0, text_name/0]).

-type integer_name() :: connect_timeout | agent_heartbeat | agent_silence.
-type text_name() :: node_executable | agent_script | agent_socket | local_sockets.

%% @doc A time in milliseconds. What is not a positive integer counts as not set.
-spec integer(integer_name()) -> pos_integer().
integer(Name) ->
    {Variable, Default} = integer_setting(Name),
    case application:get_env(macula, Name) of
        {ok, Value} when is_integer(Value), Value > 0 -> Value;
        _ -> environment_integer(Variable, Default)
    end.

%% @doc A string setting, `undefined' when it is set nowhere.
-spec text(text_name()) -> string() | undefined.
text(Name) ->
    case application:get_env(macula, Name) of
        {ok, Value} when is_list(Value), Value =/= [] -> Value;
        {ok, Value} when is_binary(Value), Value =/= <<>> -> unicode:characters_to_list(Value);
        {ok, Value} when is_atom(Value), Value =/= undefined -> atom_to_list(Value);
        _ -> environment_text(text_variable(Name))
    end.

%% @doc The `env' option for the agent's port. Variables that change how Node runs are removed, whoever set them for
%% programs of their own; so are those that may hold a cookie. Whatever the user put into `agent_env' is added.
-spec agent_environment() -> [{string(), string() | false}].
agent_environment() ->
    Removed = [{Name, false} || Name <- variable_names(), is_removed(Name)],
    Own = case application:get_env(macula, agent_env) of
              {ok, List} when is_list(List) -> [{Name, Value} || {Name, Value} <- List, is_list(Name), is_list(Value)];
              _ -> []
          end,
    maps:to_list(maps:from_list(Removed ++ Own)).

%% @doc Seconds, as set for kernel. `net_kernel' can't be asked: it may be waiting for us.
-spec net_ticktime() -> pos_integer().
net_ticktime() ->
    case application:get_env(kernel, net_ticktime) of
        {ok, Seconds} when is_integer(Seconds), Seconds > 0 -> Seconds;
        _ -> 60
    end.

environment_integer(Variable, Default) ->
    case string:to_integer(os:getenv(Variable, "")) of
        {Value, []} when is_integer(Value), Value > 0 -> Value;
        _ -> Default
    end.

environment_text(Variable) ->
    case os:getenv(Variable) of
        false -> undefined;
        "" -> undefined;
        Value -> Value
    end.

variable_names() ->
    [hd(string:split(Entry, "=")) || Entry <- os:getenv()].

is_removed("NODE_" ++ _) -> true;
is_removed(Name) -> lists:member(Name, ["ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "RELEASE_COOKIE"]).

integer_setting(connect_timeout) -> {"MACULA_CONNECT_TIMEOUT", 10000};
integer_setting(agent_heartbeat) -> {"MACULA_AGENT_HEARTBEAT", 5000};
integer_setting(agent_silence) -> {"MACULA_AGENT_SILENCE", 40000}.

text_variable(node_executable) -> "MACULA_NODE";
text_variable(agent_script) -> "MACULA_AGENT";
text_variable(agent_socket) -> "MACULA_AGENT_SOCKET";
text_variable(local_sockets) -> "MACULA_LOCAL_SOCKETS".
