%% @doc Tunnel keys, and the one-time tokens of incoming tunnels. A token is kept as its SHA-256 only, for
%% `controller_timeout', and
%% {@link redeem/1} takes it out: looking up a hash tells an attacker nothing through time.
-module(macula_tokens).

-export([new_table/0, random/0, key/1, mint/1, redeem/1, expire/0]).

-define(TABLE, ?MODULE).
%% 4096 tunnels that are being made at once, at about 200 bytes each.
-define(MAX_PENDING, 4096).

-type token() :: <<_:256>>.
-export_type([token/0]).

-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

-spec random() -> token().
random() ->
    crypto:strong_rand_bytes(32).

%% @doc SHA-256("macula-dist-tunnel:" ++ the cookie for this peer). The name comes from the network: a name that is
%% no atom yet can't have a cookie of its own, so no atom is made for it.
-spec key(node() | binary()) -> {ok, <<_:256>>} | {error, no_cookie}.
key(Name) when is_binary(Name) ->
    try binary_to_existing_atom(Name) of
        Node -> key(Node)
    catch
        error:_ -> key(node())
    end;
key(Node) ->
    try erlang:get_cookie(Node) of
        nocookie -> {error, no_cookie};
        Cookie -> {ok, crypto:hash(sha256, ["macula-dist-tunnel:" | cookie_bytes(Cookie)])}
    catch
        _:_ -> {error, no_cookie}
    end.

%% @doc Makes the token for an incoming tunnel from `Peer'.
-spec mint(Peer :: binary()) -> {ok, token()} | {error, busy}.
mint(Peer) ->
    Token = random(),
    case ets:info(?TABLE, size) < ?MAX_PENDING of
        true ->
            true = ets:insert(?TABLE, {crypto:hash(sha256, Token), Peer, now_ms() + macula_settings:value(controller_timeout)}),
            {ok, Token};
        false ->
            {error, busy}
    end.

%% @doc The peer's name, once, for a token that is still good.
-spec redeem(binary()) -> {ok, Peer :: binary()} | error.
redeem(Token) ->
    Now = now_ms(),
    try ets:take(?TABLE, crypto:hash(sha256, Token)) of
        [{_, Peer, Expiry}] when Expiry > Now -> {ok, Peer};
        _ -> error
    catch
        error:badarg -> error
    end.

-spec expire() -> non_neg_integer().
expire() ->
    ets:select_delete(?TABLE, [{{'_', '_', '$1'}, [{'=<', '$1', now_ms()}], [true]}]).

%% The bytes dist_util hashes: one per character of the atom. OTP itself can't use a cookie beyond latin1.
cookie_bytes(Cookie) ->
    Characters = atom_to_list(Cookie),
    case lists:all(fun(C) -> C < 256 end, Characters) of
        true -> Characters;
        false -> unicode:characters_to_binary(Characters)
    end.

now_ms() ->
    erlang:monotonic_time(millisecond).
