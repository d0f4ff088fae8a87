%% @doc Events of the agent become log lines, and reasons for `macula:why/1' where they name a peer.
-module(macula_agent_events).

-export([handle/3]).

-spec handle(term(), term(), term()) -> ok.
handle(Kind, Level, #{text := Text} = Data) when is_atom(Kind), is_binary(Text) ->
    macula_log:log(level(Level), "~ts", [Text], maps:remove(text, Data#{event => Kind})),
    remember(Kind, Data, Text);
handle(_, _, _) ->
    ok.

level(Level) when Level =:= debug; Level =:= info; Level =:= notice; Level =:= warning; Level =:= error -> Level;
level(_) -> notice.

remember(decrypt_failed, #{peer := Peer}, Text) when is_binary(Peer) ->
    macula_reasons:record(Peer, decrypt_failed, Text);
remember(too_many_failures, #{peer := Peer}, Text) when is_binary(Peer) ->
    macula_reasons:record(Peer, decrypt_failed, Text);
remember(_, _, _) ->
    ok.
