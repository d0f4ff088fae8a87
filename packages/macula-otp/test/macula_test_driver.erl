%% @doc Evaluates the lines of its standard input: `Number Expression.' gives `@@Number Result'. For carrier.mjs.
-module(macula_test_driver).

-export([start/0]).

-spec start() -> pid().
start() ->
    spawn(fun loop/0).

loop() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [Number, Expression] = string:split(string:trim(Line), " "),
            spawn(fun() -> io:format("~n@@~ts ~ts~n", [Number, result(Expression)]) end),
            loop();
        _ ->
            halt(0)
    end.

result(Expression) ->
    try
        {ok, Tokens, _} = erl_scan:string(Expression),
        {ok, Forms} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Forms, []),
        io_lib:format("~0tp", [Value])
    catch
        Class:Reason:Stack -> io_lib:format("EXCEPTION ~0tp", [{Class, Reason, Stack}])
    end.
