%% @doc Top supervisor of the OTP application. It has no children: the agent belongs to the distribution, so it
%% lives and dies with `net_sup', and not with the application.
-module(macula_sup).
-behaviour(supervisor).

-export([start_link/0, init/1]).

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 1, period => 5}, []}}.
