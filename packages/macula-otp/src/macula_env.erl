%% @doc Joining from the environment alone: `MACULA_RELAYS' (spaces or commas between URLs; a comma that no URL follows belongs to
%% the pins of the one before), `MACULA_REALM',
%% `MACULA_IDENTITY', `MACULA_TLS_VERIFY' (`none' or `verify_peer') and `MACULA_TOKEN_FILE'.
-module(macula_env).

-export([options/0, parse/1]).

%% @doc `none' when the environment does not ask to join.
-spec options() -> {ok, macula_options:options()} | none | {error, Text :: string()}.
options() ->
    parse(fun(Name) -> os:getenv(Name, "") end).

%% @doc The same over any lookup function, which gives `""' for a variable that isn't set.
-spec parse(fun((string()) -> string())) -> {ok, macula_options:options()} | none | {error, Text :: string()}.
parse(Lookup) ->
    case urls(Lookup("MACULA_RELAYS")) of
        [] -> none;
        Relays -> check(Relays, Lookup)
    end.

urls(Text) ->
    Split = re:split(Text, "\\s+|,+(?=\\s*[A-Za-z]+://)|,+(?=\\s*$)", [unicode, {return, list}]),
    [Url || Url <- Split, Url =/= []].

check(Relays, Lookup) ->
    Given = [{relays, Relays}
             | [{Option, Value}
                || {Option, Name, Convert} <- variables(), Value <- [Convert(Lookup(Name))], Value =/= unset]],
    case macula_options:parse(maps:from_list(Given)) of
        {ok, Options} -> {ok, Options};
        {error, {bad_option, {Option, Why}}} -> {error, problem(Option, Why)}
    end.

variables() ->
    [{realm, "MACULA_REALM", fun binary/1},
     {identity, "MACULA_IDENTITY", fun binary/1},
     {tls_verify, "MACULA_TLS_VERIFY", fun verify/1},
     {token_file, "MACULA_TOKEN_FILE", fun binary/1}].

binary("") -> unset;
binary(Text) -> unicode:characters_to_binary(Text).

verify("") -> unset;
verify("none") -> none;
verify("verify_peer") -> verify_peer;
verify(Other) -> Other.

%% Each of the two is in its bounds, and either may be the one to lower.
problem(_, {window_too_long, Max}) ->
    lists:flatten(io_lib:format("MACULA_RECONNECT_INTERVAL x MACULA_RECONNECT_MAX_ATTEMPTS (2000 x 15 by default) is more than ~b ms, so this "
                                "node does not join the mesh by itself. Lower one of them.", [Max]));
problem(Option, Why) ->
    Variable = place(Option, Why),
    lists:flatten(io_lib:format("~ts is not usable (~tp), so this node does not join the mesh by itself. ~ts",
                                [Variable, cause(Why), remedy(Option)])).

cause({in_environment, _, Why}) -> Why;
cause({in_application_env, Why}) -> Why;
cause(Why) -> Why.

place(_, {in_environment, Variable, _}) -> Variable;
place(Setting, {in_application_env, _}) -> "the setting " ++ atom_to_list(Setting) ++ " of the application macula";
place(Option, _) -> "MACULA_" ++ string:uppercase(atom_to_list(Option)).

remedy(relays) -> "It takes relay URLs like https://relay.example.org:4433 with commas or spaces between them.";
remedy(tls_verify) -> "It takes none or verify_peer.";
remedy(token_file) -> "It takes the path of a file with the token of the realm.";
remedy(Option) ->
    case lists:member(Option, macula_settings:names()) of
        true -> "It takes an integer, see the README of macula-otp.";
        false -> "It takes 1 to 255 bytes of UTF-8 text without control characters."
    end.
