-- The rules of each event type for events from a program that is not a node. Nodes write them at their start, from
-- their own types.
create table if not exists log.event_types (
    alias       text primary key,
    properties  text[] not null,
    personal    text[] not null,
    owners      text[] not null,
    refusal     text
);
comment on column log.event_types.personal is
    'properties that must come sealed; the property at the same place in owners says whose text it is';
comment on column log.event_types.refusal is
    'why commands alone append events of this type; null where a Marten session may';

-- Whether a text is encrypted for this account, or the empty one of an erased account.
create or replace function log.is_sealed_for(account text, value text) returns boolean
language sql immutable as $$
    select value = '' or value ~ '^sealed\.1\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{38,}$'
        and substr(value, 10, 22)
            = rtrim(translate(encode(uuid_send(account::uuid), 'base64'), '+/', '-_'), '=')
$$;

-- Why an event of a Marten session is refused; null when it is accepted. It quotes no value of the event, which may be
-- secret.
create or replace function log.refusal_of(alias text, body jsonb) returns text
language plpgsql stable as $$
declare
    known   log.event_types;
    surplus text;
begin
    if jsonb_typeof(body) <> 'object' then
        return 'its data is no JSON object';
    end if;
    select t.* into known from log.event_types t where t.alias = refusal_of.alias;
    if not found then
        return 'the type is not among those of the nodes that run here';
    end if;
    if known.refusal is not null then
        return known.refusal;
    end if;
    -- A misspelled property would pass the checks below, and no reader would find it.
    select k.key into surplus from jsonb_object_keys(body) k(key) where k.key <> all (known.properties) limit 1;
    if found then
        return format('it has no property %I', surplus);
    end if;
    for i in 1..cardinality(known.personal) loop
        if not body ? known.personal[i] then
            return format('its property %I is missing', known.personal[i]);
        end if;
        if jsonb_typeof(body -> known.personal[i]) <> 'null'
           and log.is_sealed_for(body ->> known.owners[i], body ->> known.personal[i]) is not true then
            return format('its property %I is personal and does not come sealed for the account in %I',
                          known.personal[i], known.owners[i]);
        end if;
    end loop;
    return null;
end $$;

-- Marten's function to append (EventAppendMode.QuickWithServerTimestamps, its default). It keeps the promises of
-- log.append_batch: the lock, dense positions, the chain, versions. It runs in the caller's transaction, so the
-- caller's other changes are stored with the events or not at all. That transaction holds the log's lock until it ends;
-- see the limits below.
create or replace function log.mt_quick_append_events(
    stream uuid, stream_type varchar, tenantid varchar, event_ids uuid[], event_types varchar[], dotnet_types varchar[],
    bodies jsonb[], bdatas bytea[], causation_ids varchar[], correlation_ids varchar[], headers jsonb[],
    user_names varchar[], timestamps timestamptz[], expected_version bigint default null) returns bigint[]
language plpgsql as $$
#variable_conflict use_variable
declare
    added          constant int := cardinality(event_ids);
    -- As in a node's batch.
    events_max     constant int := 4096;
    -- All appends wait for this transaction. PostgreSQL ends it when it is idle, or in one statement, for longer.
    idle_max_ms       constant int := 5000;
    statement_max_ms  constant int := 10000;
    default_tenant    constant text := '*DEFAULT*';
    refused        text;
    head           bigint;
    link           bytea;
    moment         timestamptz;
    current        bigint;
    repeated       bigint;
    canonical      bytea[];
    digests        bytea;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the transaction is %; events are appended in one that is read committed',
            current_setting('transaction_isolation')
            using errcode = 'VZ003', detail = 'Its snapshot may be older than what others appended before the lock.';
    end if;
    if added > events_max then
        raise exception 'stream % gets % events in one append; % are allowed', stream, added, events_max
            using errcode = 'VZ003';
    end if;
    if coalesce(tenantid, default_tenant) <> default_tenant then
        raise exception 'tenant_id is ''%''; the log has no tenants but %', tenantid, default_tenant
            using errcode = 'VZ003';
    end if;
    for i in 1..added loop
        refused := case
            when bdatas[i] is not null then 'it comes in binary; the log keeps JSON'
            when coalesce(headers[i], 'null') not in ('null', '{}') then 'it has headers; the log keeps none'
            when user_names[i] !~ '^[0-9a-f]{32}$' then 'its user_name is no account''s id of 32 hexadecimal digits'
            else log.refusal_of(event_types[i], bodies[i])
        end;
        if refused is not null then
            raise exception 'event % of stream %, a %, is not appended through Marten: %',
                i, stream, event_types[i], refused using errcode = 'VZ003';
        end if;
    end loop;

    if current_setting('idle_in_transaction_session_timeout')::interval
       not between interval '1 ms' and idle_max_ms * interval '1 ms' then
        perform set_config('idle_in_transaction_session_timeout', idle_max_ms::text, true);
    end if;
    if current_setting('statement_timeout')::interval
       not between interval '1 ms' and statement_max_ms * interval '1 ms' then
        perform set_config('statement_timeout', statement_max_ms::text, true);
    end if;
    -- An acknowledged event must be on disk.
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    end if;

    -- The slowest step comes before the lock.
    canonical := array(select log.canonical_json(bodies[i]) from generate_series(1, added) i order by i);

    -- A separate statement, so that everything below reads with a snapshot taken while the lock is held.
    perform pg_advisory_xact_lock(7310573, 1);
    select c.position, c.at, c.hash into head, moment, link from log.chain c order by c.position desc limit 1;
    if not found then head := 0; link := ''; end if;
    -- The caller's clock does not count: times never go back along the log.
    moment := greatest(clock_timestamp(), moment);

    select coalesce(max(n.version), 0) into current
    from (select e.version from log.mt_events e where e.stream_id = stream order by e.version >> 3 desc limit 8) n;
    if current <> expected_version then
        -- A program that did not learn the outcome sends the events again. They are in the log and get the same answer.
        select e.seq_id into repeated from log.mt_events e
        where e.stream_id = stream and e.version >> 3 = (expected_version + 1) >> 3
              and e.version = expected_version + 1 and e.id = event_ids[1];
        if found then
            return array[expected_version + added]
                || array(select repeated - 1 + i from generate_series(1, added) i order by i);
        end if;
        raise exception 'Stream version mismatch on ''%'': expected %, actual %', stream, expected_version, current
            using errcode = 'MT003';
    end if;
    if added = 0 then
        return array[current];
    end if;

    if current = 0 then
        if stream_type !~ '^[a-z][a-z0-9_]*$' is not false then
            raise exception 'stream % begins without its aggregate type; begin it with StartStream<Aggregate>', stream
                using errcode = 'VZ003';
        end if;
        insert into log.streams (id, type, created) values (stream, stream_type, moment);
    end if;
    if head + added >= (select max(p.high) from log.partitions p) then
        perform log.ensure_partition(
            head + added, (select p.high - p.low from log.partitions p order by p.low desc limit 1));
    end if;

    insert into log.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type,
                               correlation_id, causation_id, user_name)
    select head + i, event_ids[i], stream, current + i, bodies[i], event_types[i], moment, null, dotnet_types[i],
           correlation_ids[i], causation_ids[i], user_names[i]
    from generate_series(1, added) i;
    select string_agg(log.event_digest(event_ids[i], stream, current + i, event_types[i], dotnet_types[i],
                                       user_names[i], correlation_ids[i], causation_ids[i], canonical[i]),
                      '' order by i)
    into digests
    from generate_series(1, added) i;
    -- The same as ChainLink computes.
    insert into log.chain (position, at, hash)
    values (head + added, moment,
            sha256(link || int8send(head) || int8send((extract(epoch from moment) * 1000000)::bigint) || digests));

    -- Wakes nodes and Marten's daemons. PostgreSQL sends them with the commit.
    perform pg_notify('veza_log', (head + added)::text), pg_notify('mt_events_appended', '');
    return array[current + added] || array(select head + i from generate_series(1, added) i order by i);
end $$;
