%% @doc What the user wants: to be in the mesh with these options, or not. It outlives the agent and `net_sup'
%% (which a dynamically named node restarts each time it loses its name-giver), hence a persistent term.
-module(macula_joined).

-export([wanted/0, option/1, is_joined/0, is_from_environment/0, set/1, leave/0]).

-define(KEY, {macula, joined}).

%% @doc The options a new agent must join with. Explicit options win over the environment, and so does `leave_mesh/0'.
-spec wanted() -> {ok, macula_options:options()} | none | {error, Text :: string()}.
wanted() ->
    case persistent_term:get(?KEY, unset) of
        {options, Options} -> {ok, Options};
        left -> none;
        unset -> macula_env:options()
    end.

%% @doc One option of the mesh this node has joined.
-spec option(atom()) -> {ok, term()} | error.
option(Name) ->
    case persistent_term:get(?KEY, unset) of
        {options, Options} -> maps:find(Name, Options);
        _ -> error
    end.

-spec is_joined() -> boolean().
is_joined() ->
    is_tuple(persistent_term:get(?KEY, unset)).

%% @doc Whether it was not the program that wanted this: its own join_mesh/1 then wins.
-spec is_from_environment() -> boolean().
is_from_environment() ->
    wanted() =:= macula_env:options().

-spec set(macula_options:options()) -> ok.
set(Options) ->
    os:putenv("MACULA_DIST_MODE", "relay"),
    persistent_term:put(?KEY, {options, Options}).

-spec leave() -> ok.
leave() ->
    os:unsetenv("MACULA_DIST_MODE"),
    persistent_term:put(?KEY, left).
