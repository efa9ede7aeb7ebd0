-- Appends a batch of commands in one round trip, one transaction, one flush. Arrays are parallel; indexes are 1-based.
--   command_*  one element per command             stream_*  one element per distinct stream of the batch
--   change_*   one per (command, stream), in command order, with how many events the command adds to the stream
--   event_*    one per event, in change order       name_*    one per claimed or released name
-- Each command is decided on its own: a failing one leaves no trace and does not disturb its neighbours.
-- Outcomes: 0 accepted, 1 version conflict, 2 name taken, 3 duplicate (answered as the first time).
create or replace function log.append_batch(
    command_id uuid[], command_user text[], command_correlation text[], command_fingerprint bytea[], command_answer jsonb[], command_position bigint[],
    command_version bigint[],
    stream_id uuid[], stream_type text[],
    change_command int[], change_stream int[], change_expected bigint[], change_events int[],
    event_change int[], event_offset int[], event_id uuid[], event_type text[], event_dotnet_type text[], event_causation text[], event_data jsonb[],
    name_command int[], name_scope text[], name_value text[], name_owner uuid[], name_claim boolean[])
returns table (outcome smallint, "position" bigint, version bigint, at timestamptz, conflict int, actual bigint, fingerprint bytea, answer jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
    head           bigint;
    moment         timestamptz;
    commands       constant int := cardinality(command_id);
    changes        constant int := cardinality(change_command);
    names          constant int := cardinality(name_command);
    current        bigint[];
    touched        boolean[] := array_fill(false, array[cardinality(stream_id)]);
    first_position bigint[] := array_fill(null::bigint, array[changes]);
    first_version  bigint[] := array_fill(null::bigint, array[changes]);
    outcomes       smallint[] := array_fill(0::smallint, array[commands]);
    positions      bigint[] := array_fill(null::bigint, array[commands]);
    versions       bigint[] := array_fill(null::bigint, array[commands]);
    conflicts      int[] := array_fill(null::int, array[commands]);
    actuals        bigint[] := array_fill(null::bigint, array[commands]);
    duplicates     uuid[];
    change         int := 1;
    name           int := 1;
    last_change    int;
    last_name      int;
    seen           bigint;
    owner          uuid;
    written        boolean := false;
begin
    -- A statement of its own: everything below then reads with a snapshot taken while the lock is held.
    perform pg_advisory_xact_lock(7310573, 1);

    select e.seq_id, e.timestamp into head, moment from log.mt_events e order by e.seq_id desc limit 1;
    head := coalesce(head, 0);
    -- Never earlier than the event before, whatever the server's clock does.
    moment := greatest(clock_timestamp(), moment);

    select array_agg(c.id) into duplicates from log.commands c where c.id = any (command_id);

    select array_agg(coalesce(s.version, 0) order by d.i) into current
    from unnest(stream_id) with ordinality d(id, i) left join log.mt_streams s on s.id = d.id;

    for command in 1..commands loop
        last_change := change;
        while last_change <= changes and change_command[last_change] = command loop last_change := last_change + 1; end loop;
        last_name := name;
        while last_name <= names and name_command[last_name] = command loop last_name := last_name + 1; end loop;

        if duplicates is not null and command_id[command] = any (duplicates) then
            outcomes[command] := 3;
        else
            for i in change..last_change - 1 loop
                seen := current[change_stream[i]];
                if change_expected[i] <> seen then
                    outcomes[command] := 1; conflicts[command] := change_stream[i]; actuals[command] := seen;
                    exit;
                end if;
            end loop;

            if outcomes[command] = 0 then
                for i in name..last_name - 1 loop
                    select n.owner into owner from log.names n where n.scope = name_scope[i] and n.name = name_value[i];
                    if found and name_claim[i] and owner <> name_owner[i] then
                        outcomes[command] := 2; conflicts[command] := i;
                        exit;
                    end if;
                end loop;
            end if;

            if outcomes[command] = 0 then
                for i in name..last_name - 1 loop
                    if name_claim[i] then
                        insert into log.names (scope, name, owner) values (name_scope[i], name_value[i], name_owner[i]) on conflict do nothing;
                    else
                        delete from log.names n where n.scope = name_scope[i] and n.name = name_value[i] and n.owner = name_owner[i];
                    end if;
                end loop;

                positions[command] := command_position[command];
                versions[command] := command_version[command];
                for i in change..last_change - 1 loop
                    if change_events[i] > 0 then
                        seen := current[change_stream[i]];
                        first_position[i] := head + 1;
                        first_version[i] := seen + 1;
                        head := head + change_events[i];
                        current[change_stream[i]] := seen + change_events[i];
                        touched[change_stream[i]] := true;
                        positions[command] := head;
                        -- The version answered is that of the first stream the command changed: the one it is about.
                        if versions[command] is null then versions[command] := seen + change_events[i]; end if;
                        written := true;
                    end if;
                end loop;
            end if;
        end if;
        change := last_change;
        name := last_name;
    end loop;

    if written then
        insert into log.mt_streams as s (id, type, version, timestamp, created)
        select stream_id[i], stream_type[i], current[i], moment, moment from generate_subscripts(touched, 1) i where touched[i]
        on conflict (id) do update set version = excluded.version, timestamp = excluded.timestamp;

        insert into log.mt_events (seq_id, id, stream_id, version, data, type, timestamp, mt_dotnet_type, correlation_id, causation_id, user_name)
        select first_position[e.change] + e.step, e.id, stream_id[change_stream[e.change]], first_version[e.change] + e.step, e.data, e.type, moment,
               e.dotnet_type, command_correlation[change_command[e.change]], e.causation, command_user[change_command[e.change]]
        from unnest(event_change, event_offset, event_id, event_type, event_dotnet_type, event_causation, event_data)
             as e(change, step, id, type, dotnet_type, causation, data)
        where first_position[e.change] is not null;

        -- Marten's daemon reads this sequence as the highest position there may be.
        perform setval('log.mt_events_sequence', head);
    end if;

    insert into log.commands (id, position, version, at, fingerprint, answer)
    select command_id[i], coalesce(positions[i], 0), coalesce(versions[i], 0), moment, command_fingerprint[i], command_answer[i]
    from generate_subscripts(outcomes, 1) i where outcomes[i] = 0;

    if duplicates is null then
        return query
        select o.outcome, coalesce(o.position, 0), coalesce(o.version, 0), moment, o.conflict, o.actual, null::bytea, null::jsonb
        from unnest(outcomes, positions, versions, conflicts, actuals) as o(outcome, position, version, conflict, actual);
    else
        return query
        select o.outcome, coalesce(c.position, o.position, 0), coalesce(c.version, o.version, 0), coalesce(c.at, moment), o.conflict, o.actual, c.fingerprint, c.answer
        from unnest(outcomes, positions, versions, conflicts, actuals) with ordinality as o(outcome, position, version, conflict, actual, i)
        left join log.commands c on o.outcome = 3 and c.id = command_id[o.i]
        order by o.i;
    end if;
end $$;
