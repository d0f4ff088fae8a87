%% @doc The OTP application, for releases and for `application:ensure_all_started(macula)'. The carrier does not
%% depend on it: `net_sup' starts {@link macula_agent_sup} before any application runs.
-module(macula_app).
-behaviour(application).

-export([start/2, stop/1]).

-spec start(application:start_type(), term()) -> {ok, pid()} | {error, term()}.
start(_Type, _Args) ->
    case macula_sup:start_link() of
        {ok, Pid} -> {ok, Pid};
        Error -> {error, Error}
    end.

-spec stop(term()) -> ok.
stop(_State) ->
    ok.
