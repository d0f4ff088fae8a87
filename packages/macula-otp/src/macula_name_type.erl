%% @doc Short and long node names don't mix, as in stock OTP: of two nodes that listen, one with short names (`-sname') and one with a name
%% whose host has a dot would not agree on what either is called. The mesh itself needs no dots: long names without one may go anywhere.
-module(macula_name_type).

-export([learn/0, is_mixed/1, is_mixed/3]).

%% @doc Called when the node begins to listen: net_kernel answers as soon as it has started.
-spec learn() -> ok.
learn() ->
    _ = spawn(fun() -> persistent_term:put(?MODULE, net_kernel:longnames()) end),
    ok.

%% @doc Whether a peer that calls has another type of name than this node, which listens. A name that is still to be given is of neither.
-spec is_mixed(Peer :: binary()) -> boolean().
is_mixed(Peer) ->
    persistent_term:get(?MODULE, true) =:= false andalso is_long(Peer).

%% @doc The same for a node to be called.
-spec is_mixed(IsListening :: boolean(), longnames | shortnames, node()) -> boolean().
is_mixed(IsListening, LongOrShort, Node) ->
    IsListening andalso LongOrShort =:= shortnames andalso is_long(atom_to_binary(Node)).

%% Bytes: what a peer calls itself need not be UTF-8.
is_long(Name) ->
    case binary:split(Name, <<"@">>) of
        [Local, Host] -> Local =/= <<"undefined">> andalso binary:match(Host, <<".">>) =/= nomatch;
        _ -> false
    end.
