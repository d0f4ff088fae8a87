%% @doc Log lines of the carrier. They have no `domain': OTP's default handler drops every domain it does not know, and a
%% warning about a wrong cookie must be seen without any configuration. To filter them, look for the metadata key `macula'.
%%
%% Text from the agent may carry what strangers sent, so control characters are taken out of it and its length is bounded.
-module(macula_log).

-export([log/2, log/3, log/4, report/3, safe/1]).

-define(MAX_CHARACTERS, 2000).

-spec log(logger:level(), unicode:chardata()) -> ok.
log(Level, Text) ->
    log(Level, Text, []).

-spec log(logger:level(), unicode:chardata(), [term()]) -> ok.
log(Level, Format, Arguments) ->
    log(Level, Format, Arguments, #{}).

-spec log(logger:level(), unicode:chardata(), [term()], map()) -> ok.
log(Level, Format, Arguments, Metadata) ->
    try io_lib:format(Format, Arguments) of
        Text -> logger:log(Level, "macula: ~ts", [clean(Text)], #{macula => Metadata})
    catch
        error:_ -> logger:log(Level, "macula: ~tp", [Arguments], #{macula => Metadata})
    end,
    ok.

%% @doc A structured event. `Format' makes the line of it; an external fun, since handlers may call it later.
-spec report(logger:level(), #{atom() => term()}, fun((logger:report()) -> {io:format(), [term()]})) -> ok.
report(Level, Report, Format) ->
    logger:log(Level, Report, #{macula => Report, report_cb => Format}).

%% @doc A line of the carrier as `report_cb' gives it.
-spec safe(unicode:chardata()) -> {io:format(), [term()]}.
safe(Text) ->
    {"macula: ~ts", [clean(Text)]}.

clean(Text) ->
    lists:sublist([case C < 32 orelse C =:= 127 of true -> $\s; false -> C end || C <- characters(Text)], ?MAX_CHARACTERS).

characters(Text) ->
    case unicode:characters_to_list(Text) of
        List when is_list(List) -> List;
        {_, List, _} -> List
    end.
