#!/usr/bin/env escript
%%! +S 1:1
%% Tells stories to real OTP supervisors and prints what they did.
%%
%% `escript stories.escript FILE`: FILE holds one term a line, {Strategy, Intensity, AutoShutdown,
%% Children, Steps}; story.ts writes it. Each story is answered by one line "story", then one line for
%% each start, failed start and end of a child, each answer, and the children's states after each step.
%%
%% The period is an hour, so that what counts is the number of restarts and never the speed of this host.
-mode(compile).
-export([init/1, start_child/4, child/4]).

main([File]) ->
    logger:set_primary_config(level, none),
    {ok, Stories} = file:consult(File),
    ets:new(journal, [named_table, public, ordered_set]),
    ets:new(plans, [named_table, public]),
    lists:foreach(fun tell/1, Stories).

tell({Strategy, Intensity, Auto, Children, Steps}) ->
    ets:delete_all_objects(journal),
    ets:delete_all_objects(plans),
    lists:foreach(fun plan/1, Children),
    Self = self(),
    {Driver, Monitor} = spawn_monitor(fun() -> drive({Strategy, Intensity, Auto, Children}, Steps, Self) end),
    receive
        {'DOWN', Monitor, process, Driver, normal} -> ok;
        {'DOWN', Monitor, process, Driver, Why} -> note("the driver failed: ~p", [Why])
    end,
    io:put_chars(["story\n" | [[Line, $\n] || {_, Line} <- ets:tab2list(journal)]]).

drive(Rules, Steps, _Main) ->
    process_flag(trap_exit, true),
    case supervisor:start_link(?MODULE, Rules) of
        {ok, Sup} ->
            states(Sup),
            follow(Sup, Steps);
        {error, _} ->
            note("not started", [])
    end.

follow(Sup, []) ->
    exit(Sup, shutdown),
    await_exit(Sup);
follow(Sup, [Step | Steps]) ->
    try
        take(Sup, Step),
        settle(Sup),
        states(Sup),
        follow(Sup, Steps)
    catch
        exit:{_, {gen_server, call, _}} -> await_exit(Sup)
    end.

await_exit(Sup) ->
    receive {'EXIT', Sup, Reason} -> note("exit ~p", [Reason]) end.

%% Several ends in one moment: all have happened before the supervisor hears of the first.
take(Sup, {ends, Ends}) ->
    Pids = maps:from_list([{Id, Pid} || {Id, Pid, _, _} <- supervisor:which_children(Sup)]),
    ok = sys:suspend(Sup),
    lists:foreach(fun({Id, How}) -> end_child(Sup, maps:get(Id, Pids, undefined), How) end, Ends),
    sys:resume(Sup);
take(Sup, {terminate, Id}) -> answer(supervisor:terminate_child(Sup, Id));
take(Sup, {restart, Id}) -> answer(supervisor:restart_child(Sup, Id));
take(Sup, {delete, Id}) -> answer(supervisor:delete_child(Sup, Id));
take(Sup, {add, Child = {Id, _, _, _, _}}) ->
    Known = lists:keymember(Id, 1, supervisor:which_children(Sup)),
    Known orelse plan(Child),
    answer(supervisor:start_child(Sup, spec(Child)));
take(_Sup, {plan, Id, Faults}) -> ets:insert(plans, {Id, Faults}).

end_child(Sup, Pid, How) when is_pid(Pid) ->
    case is_process_alive(Pid) of
        true ->
            case How of
                kill -> exit(Pid, kill);
                _ -> Pid ! {finish, How}
            end,
            heard(Sup, Pid);
        false -> ok
    end;
end_child(_Sup, _None, _How) -> ok.

%% Wait until the end of a child lies in the supervisor's mailbox.
heard(Sup, Pid) ->
    {messages, Messages} = process_info(Sup, messages),
    case [ok || {'EXIT', From, _} <- Messages, From =:= Pid] of
        [] -> erlang:yield(), heard(Sup, Pid);
        _ -> ok
    end.

%% Wait until no restart is under way: a failed one is tried again by a message of its own.
settle(Sup) ->
    Restarting = [ok || {_, restarting, _, _} <- supervisor:which_children(Sup)],
    case {Restarting, process_info(Sup, message_queue_len)} of
        {[], {message_queue_len, 0}} -> ok;
        {_, undefined} -> exit({noproc, {gen_server, call, []}});
        _ -> settle(Sup)
    end.

answer(ok) -> note("answer ok", []);
answer({ok, _}) -> note("answer ok", []);
answer({error, {already_started, _}}) -> note("answer already-started", []);
answer({error, already_present}) -> note("answer already-present", []);
answer({error, not_found}) -> note("answer not-found", []);
answer({error, Busy}) when Busy =:= running; Busy =:= restarting -> note("answer ~s", [Busy]);
answer({error, _}) -> note("answer start-failed", []).

%% OTP lists the newest first.
states(Sup) ->
    Children = lists:reverse(supervisor:which_children(Sup)),
    note("state~s", [[[" ", atom_to_list(Id), "=", state(Pid)] || {Id, Pid, _, _} <- Children]]).

state(undefined) -> "stopped";
state(restarting) -> "restarting";
state(Pid) when is_pid(Pid) -> "running".

init({Strategy, Intensity, Auto, Children}) ->
    Flags = #{strategy => Strategy, intensity => Intensity, period => 3600, auto_shutdown => Auto},
    {ok, {Flags, [spec(Child) || Child <- Children]}}.

spec({Id, Restart, Significant, Shutdown, _Faults}) ->
    #{
        id => Id,
        start => {?MODULE, start_child, [Id, Shutdown, journal, plans]},
        restart => Restart,
        significant => Significant,
        shutdown => Shutdown
    }.

plan({Id, _, _, _, Faults}) -> ets:insert(plans, {Id, Faults}).

%% The next start of a child goes as its plan says; without one it goes well.
start_child(Id, Shutdown, Journal, Plans) ->
    Next = case ets:lookup(Plans, Id) of
        [{_, [First | Rest]}] -> ets:insert(Plans, {Id, Rest}), First;
        _ -> ok
    end,
    case Next of
        ok -> proc_lib:start_link(?MODULE, child, [self(), Id, Shutdown, Journal]);
        ignore -> note("ignore ~s", [Id]), ignore;
        error -> note("fail ~s", [Id]), {error, planned}
    end.

child(Parent, Id, _Shutdown, _Journal) ->
    process_flag(trap_exit, true),
    note("start ~s", [Id]),
    proc_lib:init_ack(Parent, {ok, self()}),
    receive
        {finish, normal} -> note("end ~s normal", [Id]);
        {finish, shutdown} -> note("end ~s shutdown", [Id]), exit(shutdown);
        {finish, error} -> note("end ~s error", [Id]), exit(asked_to_fail);
        {'EXIT', Parent, Reason} -> note("end ~s shutdown", [Id]), exit(Reason)
    end.

note(Format, Values) ->
    Line = unicode:characters_to_binary(io_lib:format(Format, Values)),
    ets:insert(journal, {erlang:unique_integer([monotonic]), Line}).
