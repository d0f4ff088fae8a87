%% @doc Instead of EPMD for nodes over plain TCP: the port is the number at the end of the name, `tcp-PORT@host'. So comparing with stock
%% OTP leaves no daemon behind.
-module(macula_e2e_epmd).

-export([start_link/0, register_node/2, register_node/3, listen_port_please/2, port_please/2, port_please/3,
         address_please/3, names/1]).

start_link() -> ignore.

register_node(_Name, _Port) -> {ok, creation()}.
register_node(_Name, _Port, _Family) -> {ok, creation()}.

listen_port_please(Name, _Host) -> {ok, port(Name)}.

port_please(Name, Host) -> port_please(Name, Host, infinity).
port_please(Name, _Host, _Timeout) -> {port, port(Name), 6}.

address_please(_Name, Host, Family) -> inet:getaddr(Host, Family).

%% Another one for each life of a name, as EPMD gives it.
creation() -> 3 + rand:uniform(16#fffffffc).

names(_Host) -> {error, address}.

port(Name) when is_atom(Name) -> port(atom_to_list(Name));
port(Name) ->
    [Local | _] = string:split(Name, "@"),
    list_to_integer(lists:last(string:split(Local, "-", all))).
