-- Appends a batch of commands in one round trip, one transaction, one flush. Arrays are parallel; indexes are 1-based.
--   command_*  one element per command; *_end is the index of its last change or name
--   stream_*   one per distinct stream of the batch; stream_seen is the position of an event known to be in it, 0 when none is
--   change_*   one per (command, stream), in command order, with how many events the command adds to the stream
--   event_*    one per event, in change order        name_*  one per claimed or released name
-- Each command is decided on its own: a failing one leaves no trace and does not disturb its neighbours.
-- Outcomes: 0 accepted, 1 version conflict, 2 name taken, 3 duplicate (answered as the first time).
create or replace function log.append_batch(
    command_id uuid[], command_fingerprint bytea[], command_answer jsonb[],
    command_position bigint[], command_version bigint[], command_change_end int[], command_name_end int[],
    stream_id uuid[], stream_type text[], stream_seen bigint[],
    change_stream int[], change_expected bigint[], change_events int[],
    event_change int[], event_offset int[], event_id uuid[], event_stream uuid[], event_type text[], event_dotnet_type text[], event_data jsonb[],
    event_user text[], event_correlation text[], event_causation text[],
    name_scope text[], name_value text[], name_owner uuid[], name_claim boolean[],
    out outcomes smallint[], out positions bigint[], out versions bigint[], out moment timestamptz, out conflicts int[], out actuals bigint[])
language plpgsql as $$
#variable_conflict use_variable
declare
    commands       constant int := cardinality(command_id);
    changes        constant int := cardinality(change_stream);
    head           bigint;
    link           bytea;
    old_head       bigint;
    current        bigint[];
    begun          boolean[] := array_fill(false, array[cardinality(stream_id)]);
    first_position bigint[] := array_fill(0::bigint, array[changes]);
    first_version  bigint[] := array_fill(0::bigint, array[changes]);
    repeats        uuid[];
    change         int := 1;
    name           int := 1;
    stream         int;
    seen           bigint;
    holder         uuid;
    refused        smallint;
    remember       boolean := false;
begin
    -- A statement of its own: everything below then reads with a snapshot taken while the lock is held.
    perform pg_advisory_xact_lock(7310573, 1);

    select c.position, c.at, c.hash into head, moment, link from log.chain c order by c.position desc limit 1;
    if not found then head := 0; link := ''; end if;
    old_head := head;
    -- Never earlier than the batch before, whatever the server's clock does.
    moment := greatest(clock_timestamp(), moment);

    outcomes := array_fill(0::smallint, array[commands]);
    positions := array_fill(0::bigint, array[commands]);
    versions := array_fill(0::bigint, array[commands]);
    conflicts := array_fill(0, array[commands]);
    actuals := array_fill(0::bigint, array[commands]);

    for i in 1..commands loop
        if command_fingerprint[i] is not null then remember := true; exit; end if;
    end loop;
    if remember then
        select array_agg(c.id) into repeats from log.commands c where c.id = any (command_id);
    end if;

    -- A stream's newest event is looked for from where it was last seen on, which leaves out most partitions; one never seen must not be there at all.
    select array_agg(case when d.seen > 0
                          then coalesce((select e.version from log.mt_events e where e.stream_id = d.id and e.seq_id >= d.seen order by e.version desc limit 1), 0)
                          when exists (select from log.streams s where s.id = d.id)
                          then coalesce((select e.version from log.mt_events e where e.stream_id = d.id order by e.version desc limit 1), 0)
                          else 0 end order by d.i)
    into current
    from unnest(stream_id, stream_seen) with ordinality d(id, seen, i);

    for command in 1..commands loop
        refused := 0;
        if repeats is not null and command_id[command] = any (repeats) then
            refused := 3;
        else
            for i in change..command_change_end[command] loop
                seen := current[change_stream[i]];
                if change_expected[i] <> seen then
                    refused := 1; conflicts[command] := change_stream[i]; actuals[command] := seen;
                    exit;
                end if;
            end loop;
            if refused = 0 and name <= command_name_end[command] then
                for i in name..command_name_end[command] loop
                    select n.owner into holder from log.names n where n.scope = name_scope[i] and n.name = name_value[i];
                    if found and name_claim[i] and holder <> name_owner[i] then
                        refused := 2; conflicts[command] := i;
                        exit;
                    end if;
                end loop;
                if refused = 0 then
                    for i in name..command_name_end[command] loop
                        if name_claim[i] then
                            insert into log.names (scope, name, owner) values (name_scope[i], name_value[i], name_owner[i]) on conflict do nothing;
                        else
                            delete from log.names n where n.scope = name_scope[i] and n.name = name_value[i] and n.owner = name_owner[i];
                        end if;
                    end loop;
                end if;
            end if;
        end if;

        if refused <> 0 then
            outcomes[command] := refused;
        else
            seen := null;
            for i in change..command_change_end[command] loop
                if change_events[i] > 0 then
                    stream := change_stream[i];
                    first_position[i] := head + 1;
                    first_version[i] := current[stream] + 1;
                    head := head + change_events[i];
                    if current[stream] = 0 then begun[stream] := true; end if;
                    current[stream] := current[stream] + change_events[i];
                    -- The version answered is that of the first stream the command changed: the one it is about.
                    if seen is null then seen := current[stream]; end if;
                end if;
            end loop;
            if seen is null then
                positions[command] := command_position[command]; versions[command] := command_version[command];
            else
                positions[command] := head; versions[command] := seen;
            end if;
        end if;
        change := command_change_end[command] + 1;
        name := command_name_end[command] + 1;
    end loop;

    if head > old_head then
        insert into log.streams (id, type, created)
        select s.id, s.type, moment from unnest(stream_id, stream_type, begun) s(id, type, begun) where s.begun;

        with written as (
            insert into log.mt_events as w (seq_id, id, stream_id, version, data, type, timestamp, mt_dotnet_type, correlation_id, causation_id, user_name)
            select first_position[e.change] + e.step, e.id, e.stream, first_version[e.change] + e.step, e.data, e.type, moment, e.dotnet_type, e.correlation, e.causation, e.account
            from unnest(event_change, event_offset, event_id, event_stream, event_type, event_dotnet_type, event_data, event_user, event_correlation, event_causation)
                 as e(change, step, id, stream, type, dotnet_type, data, account, correlation, causation)
            where first_position[e.change] > 0
            returning w.seq_id, w.id, w.stream_id, w.version, w.type, w.user_name, w.data)
        select sha256(link || convert_to(string_agg(concat_ws('|', w.seq_id, w.id, w.stream_id, w.version, w.type, w.user_name, w.data), E'\n' order by w.seq_id), 'UTF8'))
        into link from written w;
        insert into log.chain (position, at, hash) values (head, moment, link);

        -- Marten's daemon reads this sequence as the highest position there may be.
        perform setval('log.mt_events_sequence', head);
    end if;

    if remember then
        insert into log.commands (id, position, version, at, fingerprint, answer)
        select command_id[i], positions[i], versions[i], moment, command_fingerprint[i], command_answer[i]
        from generate_subscripts(outcomes, 1) i where outcomes[i] = 0 and command_fingerprint[i] is not null;
    end if;
    if repeats is not null then
        select array_agg(coalesce(c.position, positions[i]) order by i), array_agg(coalesce(c.version, versions[i]) order by i)
        into positions, versions
        from generate_subscripts(outcomes, 1) i left join log.commands c on outcomes[i] = 3 and c.id = command_id[i];
    end if;
end $$;
