%% @doc Supervises the carrier's processes. `net_sup' starts it through `macula_dist:childspecs/0', as a
%% temporary child: `net_sup' tolerates no crash, a permanent child that ended would take the whole BEAM with it.
%%
%% It owns the ETS tables of the carrier, so they outlive a crash of each worker.
-module(macula_agent_sup).
-behaviour(supervisor).

-export([childspec/0, start_link/0, init/1]).

%% @doc The child specification for `net_sup'. 800 ms: `net_sup' itself is given 1000 ms when `net_kernel:stop/0'
%% ends it.
-spec childspec() -> supervisor:child_spec().
childspec() ->
    #{id => ?MODULE, start => {?MODULE, start_link, []}, restart => temporary, shutdown => 800, type => supervisor}.

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    ok = macula_reasons:new_table(),
    ok = macula_tokens:new_table(),
    ok = macula_tunnels:new_table(),
    ok = macula_listener:new_table(),
    ok = macula_events:new_table(),
    {ok, {#{strategy => one_for_one, intensity => 30, period => 10},
          [#{id => macula_events, start => {macula_events, start_link, []}, shutdown => 100},
           #{id => macula_tunnels, start => {macula_tunnels, start_link, []}, shutdown => 200},
           #{id => macula_agent, start => {macula_agent, start_link, []}, shutdown => 400}]}}.
