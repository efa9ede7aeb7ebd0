-- Appends a batch of commands in one round trip, one transaction, one flush. Arrays are parallel; indexes are 1-based.
--   command_*  one element per command; *_end is the index of its last change or name.
--              Empty in a plain batch: every command has one change, with events and of a different stream, has no
--              name, and is not stored for repeats
--   stream_*   one per distinct stream of the batch; stream_seen is the position of an event known to be in it, 0 when
--              there is none; stream_known is its version as of known_head if the node knows it, otherwise 0
--   change_*   one per (command, stream), in command order, with the number of events that the command adds to the
--              stream; in a plain batch change_stream and change_events are empty
--   event_*    one per event, in change order; event_command is the command's index; user, correlation and causation
--              may be empty when no event has any
--   event_digests  32 bytes per event from the node's EventDigest, concatenated
--   name_*     one per claimed or released name
--   erased_*   one per account whose key is destroyed
-- Each command is decided separately: a failed one leaves no trace and does not affect the others.
-- Outcomes: 0 accepted, 1 version conflict, 2 name taken, 3 duplicate (gets the first answer); null when all are
-- accepted.
-- Accepted events get the positions after old_head, in their order. If old_head is not known_head, changed_streams and
-- changed_versions are those of the events in between, in any order; null when these are too many to look through.
-- PostgreSQL cannot change a function's results in place. Nodes that run meanwhile name the columns that they select.
drop function if exists log.append_batch(
    uuid[], bytea[], jsonb[], bigint[], bigint[], int[], int[], uuid[], text[], bigint[], bigint[], bigint, int[],
    bigint[], int[], int[], bigint[], uuid[], uuid[], text[], text[], jsonb[], text[], text[], text[], bytea, text[],
    text[], uuid[], boolean[], uuid[], int[]);
create function log.append_batch(
    command_id uuid[], command_fingerprint bytea[], command_answer jsonb[], command_position bigint[],
    command_version bigint[], command_change_end int[], command_name_end int[],
    stream_id uuid[], stream_type text[], stream_seen bigint[], stream_known bigint[], known_head bigint,
    change_stream int[], change_expected bigint[], change_events int[],
    event_command int[], event_version bigint[], event_id uuid[], event_stream uuid[], event_type text[],
    event_dotnet_type text[], event_data jsonb[], event_user text[], event_correlation text[], event_causation text[],
    event_digests bytea,
    name_scope text[], name_value text[], name_owner uuid[], name_claim boolean[],
    erased_account uuid[], erased_command int[],
    out outcomes smallint[], out old_head bigint, out moment timestamptz, out conflicts int[], out actuals bigint[],
    out changed_streams uuid[], out changed_versions bigint[])
language plpgsql as $$
#variable_conflict use_variable
declare
    commands     constant int := cardinality(command_id);
    plain        constant boolean := commands = 0;
    digest_bytes constant int := 32;
    changed_max  constant int := 512;
    to_be_found  constant bigint := -1;
    head         bigint;
    link         bytea;
    found_at     bigint[];
    current      bigint[];
    positions    bigint[];
    places       int[];
    repeats      uuid[];
    change       int := 1;
    name         int := 1;
    stream       int;
    seen         bigint;
    holder       uuid;
    refused      smallint;
    added        int;
    digests      bytea := event_digests;
begin
    -- A separate statement, so that everything below reads with a snapshot taken while the lock is held.
    perform pg_advisory_xact_lock(7310573, 1);

    select c.position, c.at, c.hash into old_head, moment, link from log.chain c order by c.position desc limit 1;
    if not found then old_head := 0; link := ''; end if;
    -- Never earlier than the former batch, even if the server's clock goes back.
    moment := greatest(clock_timestamp(), moment);

    if old_head - known_head between 1 and changed_max then
        select array_agg(e.stream_id), array_agg(e.version) into changed_streams, changed_versions
        from log.mt_events e where e.seq_id > known_head;
    end if;
    if (known_head = old_head or not stream_id && changed_streams) and 0 <> all (stream_known) then
        found_at := stream_known;
    else
        -- A stream that was never seen must not exist.
        select array_agg(case when stream_known[i] > 0
                                   and (known_head = old_head or stream_id[i] <> all (changed_streams))
                              then stream_known[i]
                              when stream_seen[i] > 0 or exists (select from log.streams s where s.id = stream_id[i])
                              then to_be_found
                              else 0 end)
        into found_at
        from generate_subscripts(stream_id, 1) i;
        -- A separate statement, which most batches of new streams do not need. It searches a stream's newest event from
        -- the position where it was last seen, which excludes most partitions. That event is among the last eight by
        -- eights of versions. The index returns these in order, so no plan has to sort.
        if to_be_found = any (found_at) then
            select array_agg(case when found_at[i] <> to_be_found then found_at[i]
                                  else coalesce((select max(n.version)
                                                 from (select e.version from log.mt_events e
                                                       where e.stream_id = stream_id[i] and e.seq_id >= stream_seen[i]
                                                       order by e.version >> 3 desc limit 8) n), 0) end)
            into found_at
            from generate_subscripts(stream_id, 1) i;
        end if;
    end if;
    current := found_at;

    if plain then
        if found_at = change_expected then
            head := old_head + cardinality(event_id);
        else
            select array_agg((c.found_at <> c.expected)::int::smallint), array_agg(c.i::int), array_agg(c.found_at)
            into outcomes, conflicts, actuals
            from unnest(found_at, change_expected) with ordinality c(found_at, expected, i);
            select old_head + count(*) into head from unnest(event_command) e(command) where outcomes[e.command] = 0;
        end if;
    else
        head := old_head;
        outcomes := array_fill(0::smallint, array[commands]);
        positions := array_fill(0::bigint, array[commands]);
        conflicts := array_fill(0, array[commands]);
        actuals := array_fill(0::bigint, array[commands]);
        select array_agg(c.id) into repeats from log.commands c where c.id = any (command_id);

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
                        select n.owner into holder from log.names n
                        where n.scope = name_scope[i] and n.name = name_value[i];
                        if found and name_claim[i] and holder <> name_owner[i] then
                            refused := 2; conflicts[command] := i;
                            exit;
                        end if;
                    end loop;
                    if refused = 0 then
                        for i in name..command_name_end[command] loop
                            if name_claim[i] then
                                insert into log.names (scope, name, owner)
                                values (name_scope[i], name_value[i], name_owner[i]) on conflict do nothing;
                            else
                                delete from log.names n
                                where n.scope = name_scope[i] and n.name = name_value[i] and n.owner = name_owner[i];
                            end if;
                        end loop;
                    end if;
                end if;
            end if;

            if refused <> 0 then
                outcomes[command] := refused;
            else
                added := 0;
                for i in change..command_change_end[command] loop
                    stream := change_stream[i];
                    current[stream] := current[stream] + change_events[i];
                    added := added + change_events[i];
                end loop;
                head := head + added;
                positions[command] := case when added > 0 then head else command_position[command] end;
            end if;
            change := command_change_end[command] + 1;
            name := command_name_end[command] + 1;
        end loop;
    end if;

    if head > old_head then
        -- A missing stream begins, unless all commands that would have begun it were refused.
        if 0 = any (found_at) then
            insert into log.streams (id, type, created)
            select stream_id[i], stream_type[i], moment from generate_subscripts(stream_id, 1) i
            where found_at[i] = 0 and case when plain then outcomes is null or outcomes[i] = 0 else current[i] > 0 end;
        end if;

        if head - old_head < cardinality(event_id) then
            select array_agg(case when outcomes[e.command] = 0 then e.place end order by e.i) into places
            from (select c.command, c.i, count(*) filter (where outcomes[c.command] = 0) over (order by c.i)::int
                  from unnest(event_command) with ordinality c(command, i)) e(command, i, place);
            select string_agg(substring(event_digests from digest_bytes * (i - 1) + 1 for digest_bytes), '' order by i)
            into digests
            from generate_subscripts(places, 1) i where places[i] is not null;
        end if;
        -- Elements are read one by one, which PostgreSQL does in constant time here. unnest would first write a table
        -- of each array.
        insert into log.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type,
                                   correlation_id, causation_id, user_name)
        select old_head + coalesce(places[i], i), event_id[i], event_stream[i], event_version[i], event_data[i],
               event_type[i], moment, null, event_dotnet_type[i], event_correlation[i], event_causation[i],
               event_user[i]
        from generate_series(1, cardinality(event_id)) i
        where places is null or places[i] is not null;

        -- The same as ChainLink computes.
        insert into log.chain (position, at, hash)
        values (head, moment,
                sha256(link || int8send(old_head) || int8send((extract(epoch from moment) * 1000000)::bigint)
                       || digests));
    end if;

    if not plain then
        insert into log.commands (id, position, version, at, fingerprint, answer)
        select command_id[i], positions[i], command_version[i], moment, command_fingerprint[i], command_answer[i]
        from generate_subscripts(outcomes, 1) i where outcomes[i] = 0 and command_fingerprint[i] is not null;

        if cardinality(erased_account) > 0 then
            insert into log.keys (owner, wrapped, destroyed)
            select e.account, null, moment from unnest(erased_account, erased_command) e(account, command)
            where outcomes[e.command] = 0
            on conflict on constraint keys_pkey do update set wrapped = null, destroyed = excluded.destroyed;
            -- The error of a parked event may quote it.
            update log.parked_events p set error = 'its author was erased'
            where exists (select from log.mt_events e, unnest(erased_account, erased_command) x(account, command)
                          where e.seq_id = p.position and outcomes[x.command] = 0
                            and e.user_name = replace(x.account::text, '-', ''));
        end if;
    end if;
end $$;
