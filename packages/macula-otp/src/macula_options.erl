%% @doc The options of `macula:join_mesh/1': outside terms become one typed map here, or an error that names the option.
-module(macula_options).

-export([parse/1, default_realm/0]).

-export_type([options/0, bad_option/0]).

%% `identity => undefined' means the node's own name, whatever it is when the agent joins.
-type options() :: #{relays := [binary(), ...],
                     realm := binary(),
                     identity := binary() | undefined,
                     tls_verify := none | verify_peer,
                     token_file := binary() | undefined,
                     macula_settings:name() => non_neg_integer()}.
-type bad_option() :: {bad_option, {Name :: term(), Why :: term()}}.

-define(MAX_NAME_BYTES, 255).
-define(MAX_URL_BYTES, 2048).
-define(MAX_PATH_BYTES, 4096).
-define(MAX_RELAYS, 64).

%% @doc Checks what a user passed to `join_mesh/1'. Nothing is started or changed.
-spec parse(term()) -> {ok, options()} | {error, bad_option()}.
parse(Map) when is_map(Map) ->
    Known = [relays, realm, identity, tls_verify, token_file | macula_settings:names()],
    case lists:sort(maps:keys(maps:without(Known, Map))) of
        [Unknown | _] -> bad(Unknown, unknown_option);
        [] -> check_window(parse_each(Known, Map, #{}))
    end;
parse(_) ->
    bad(options, not_a_map).

-spec default_realm() -> binary().
default_realm() ->
    <<"io.macula">>.

parse_each([], _, Parsed) ->
    {ok, Parsed};
parse_each([Name | Names], Map, Parsed) ->
    case option(Name, maps:find(Name, Map)) of
        {ok, Value} -> parse_each(Names, Map, Parsed#{Name => Value});
        {error, Why} -> bad(Name, Why)
    end.

check_window({ok, Options} = Parsed) ->
    case macula_settings:window(Options) of
        {ok, _} -> Parsed;
        {error, Why} -> bad(reconnect_max_attempts, Why)
    end;
check_window(Error) ->
    Error.

bad(Name, Why) ->
    {error, {bad_option, {Name, Why}}}.

option(relays, error) -> {error, missing};
option(relays, {ok, Relays}) -> relays(Relays);
option(realm, error) -> {ok, default_realm()};
option(realm, {ok, Realm}) when is_binary(Realm) -> name(Realm);
option(realm, {ok, _}) -> {error, not_a_binary};
option(identity, error) -> {ok, undefined};
option(identity, {ok, undefined}) -> {ok, undefined};
option(identity, {ok, Atom}) when is_atom(Atom) -> name(atom_to_binary(Atom));
option(identity, {ok, Text}) -> text(Text, ?MAX_NAME_BYTES);
option(tls_verify, error) -> {ok, none};
option(tls_verify, {ok, Mode}) when Mode =:= none; Mode =:= verify_peer -> {ok, Mode};
option(tls_verify, {ok, _}) -> {error, not_none_or_verify_peer};
option(token_file, error) -> {ok, undefined};
option(token_file, {ok, undefined}) -> {ok, undefined};
option(token_file, {ok, Path}) -> text(Path, ?MAX_PATH_BYTES);
option(Setting, error) -> macula_settings:configured(Setting);
option(Setting, {ok, Value}) -> macula_settings:check(Setting, Value).

relays([]) ->
    {error, empty};
relays(Relays) when is_list(Relays) ->
    case is_proper(Relays) andalso length(Relays) =< ?MAX_RELAYS of
        true -> urls(Relays, []);
        false -> {error, not_a_list_of_urls}
    end;
relays(_) ->
    {error, not_a_list_of_urls}.

urls([], Urls) ->
    {ok, lists:reverse(Urls)};
urls([Relay | Relays], Urls) ->
    case text(Relay, ?MAX_URL_BYTES) of
        {ok, Url} ->
            case is_url(Url) of
                true -> urls(Relays, [Url | Urls]);
                false -> {error, {bad_url, Url}}
            end;
        _ ->
            {error, not_a_list_of_urls}
    end.

%% Only the form; the agent knows the schemes and answers bad_option itself.
is_url(Url) ->
    case uri_string:parse(Url) of
        #{scheme := Scheme, host := Host} -> Scheme =/= <<>> andalso Host =/= <<>>;
        _ -> false
    end.

text(Text, Max) when is_binary(Text) ->
    name(Text, Max);
text([_ | _] = Text, Max) ->
    try unicode:characters_to_binary(Text) of
        Binary when is_binary(Binary) -> name(Binary, Max);
        _ -> {error, not_text}
    catch
        error:_ -> {error, not_text}
    end;
text([], _) -> {error, empty};
text(_, _) -> {error, not_text}.

name(Binary) ->
    name(Binary, ?MAX_NAME_BYTES).

name(<<>>, _) ->
    {error, empty};
name(Binary, Max) when byte_size(Binary) > Max ->
    {error, too_long};
name(Binary, _) ->
    case unicode:characters_to_list(Binary) of
        List when is_list(List) ->
            case lists:any(fun(C) -> C < 32 orelse C =:= 127 end, List) of
                true -> {error, control_character};
                false -> {ok, Binary}
            end;
        _ ->
            {error, not_utf8}
    end.

is_proper([]) -> true;
is_proper([_ | Tail]) -> is_proper(Tail);
is_proper(_) -> false.
