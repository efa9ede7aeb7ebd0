-- The objects that Marten 9 expects beside the log's tables. Marten's functions are copied word for word, so that
-- Marten accepts them.

-- Marten reads the highest position from this sequence. Veza assigns positions under the log's lock, and the highest is
-- the chain's head. So it is a view: it is right in every transaction, and a failed append does not move it. It refuses
-- nextval, with which Marten's other append modes would number events.
do $$
begin
    if (select c.relkind from pg_class c where c.oid = to_regclass('log.mt_events_sequence')) = 'S' then
        drop sequence log.mt_events_sequence;
    end if;
end $$;
create or replace view log.mt_events_sequence as
select coalesce(h.position, 1) as last_value, 0::bigint as log_cnt, h.position is not null as is_called
from (values ((select c.position from log.chain c order by c.position desc limit 1))) h (position);

-- Marten's functions find the constraints by these names.
do $$
begin
    if exists (select from pg_constraint c
               where c.conname = 'mt_event_progression_pkey' and c.connamespace = 'log'::regnamespace) then
        alter table log.mt_event_progression rename constraint mt_event_progression_pkey to pk_mt_event_progression;
    end if;
    if exists (select from pg_constraint c
               where c.conname = 'mt_high_water_skips_pkey' and c.connamespace = 'log'::regnamespace) then
        alter table log.mt_high_water_skips
            rename constraint mt_high_water_skips_pkey to pkey_mt_high_water_skips_ending_sequence;
    end if;
end $$;

-- The columns in which Marten's daemon reports the state of each of its shards.
alter table log.mt_event_progression
    add column if not exists mode varchar default 'none',
    add column if not exists rebuild_threshold integer default 0,
    add column if not exists assigned_node integer default 0,
    add column if not exists heartbeat timestamptz,
    add column if not exists agent_status varchar(20),
    add column if not exists pause_reason text,
    add column if not exists running_on_node integer,
    add column if not exists warning_behind_threshold bigint,
    add column if not exists critical_behind_threshold bigint,
    add column if not exists failure_category varchar(50),
    add column if not exists failure_event_sequence bigint,
    add column if not exists failure_event_type varchar(500),
    add column if not exists failure_event_tenant_id varchar(500);

create table if not exists log.mt_event_projection_floors (
    name          varchar not null,
    tenant_id     varchar not null,
    floor         bigint not null,
    last_updated  timestamptz default transaction_timestamp(),
    constraint pkey_mt_event_projection_floors_name_tenant_id primary key (name, tenant_id)
);

-- Events that Marten's daemon skipped.
create table if not exists log.mt_doc_deadletterevent (
    id                uuid not null,
    data              jsonb not null,
    mt_last_modified  timestamptz default transaction_timestamp(),
    mt_version        uuid not null default md5(random()::text || clock_timestamp()::text)::uuid,
    mt_dotnet_type    varchar,
    constraint pkey_mt_doc_deadletterevent_id primary key (id)
);

CREATE
OR REPLACE FUNCTION log.mt_mark_event_progression(name varchar, last_encountered bigint) RETURNS VOID LANGUAGE plpgsql AS
$function$
BEGIN
INSERT INTO log.mt_event_progression (name, last_seq_id, last_updated)
VALUES (name, last_encountered, transaction_timestamp())
ON CONFLICT ON CONSTRAINT pk_mt_event_progression
    DO
UPDATE SET last_seq_id = last_encountered, last_updated = transaction_timestamp();

END;

$function$;

CREATE
OR REPLACE FUNCTION log.mt_mark_progression_with_skip(shard_name varchar, ending_sequence bigint, starting_sequence bigint) RETURNS bigint AS
$$
DECLARE
    current_value bigint;
BEGIN
    select last_seq_id into current_value from log.mt_event_progression where name = shard_name;

    IF current_value is null then
        -- Bootstrap the high-water row on first invocation. Previously this branch
        -- returned 0, which left HighWaterAgent.CheckNowAsync polling forever because
        -- statistics.CurrentMark never advanced. Issue #4425.
        INSERT INTO log.mt_event_progression (name, last_seq_id, last_updated)
        VALUES (shard_name, ending_sequence, transaction_timestamp())
        ON CONFLICT ON CONSTRAINT pk_mt_event_progression
            DO UPDATE SET last_seq_id = ending_sequence, last_updated = transaction_timestamp();
        IF ending_sequence > starting_sequence THEN
            -- Idempotent: a rebuild/replay re-marks the same skip (ending_sequence is the
            -- PK). Re-recording an existing gap is a no-op. Conflict target is the PK
            -- constraint (the bare column name collides with the function parameter). #4530.
            insert into log.mt_high_water_skips (ending_sequence, starting_sequence) values (ending_sequence, starting_sequence)
                on conflict on constraint pkey_mt_high_water_skips_ending_sequence do nothing;
        END IF;
        return ending_sequence;
    ELSIF current_value = starting_sequence THEN
        update log.mt_event_progression SET last_seq_id = ending_sequence, last_updated = transaction_timestamp() where shard_name = name;
        insert into log.mt_high_water_skips (ending_sequence, starting_sequence) values (ending_sequence, starting_sequence)
            on conflict on constraint pkey_mt_high_water_skips_ending_sequence do nothing;
        return ending_sequence;
    ELSE
        return current_value;
    END IF;
END
$$
LANGUAGE plpgsql;

-- Archiving would change stored events, which the hash chain covers.
create or replace function log.mt_archive_stream(streamid uuid) returns void
language plpgsql as $$
begin
    raise exception 'stream % cannot be archived: the log is never changed', streamid using errcode = '0A000';
end $$;

create or replace function log.refuse_streams_written() returns trigger
language plpgsql as $$
begin
    raise exception 'log.mt_streams is computed from the events and takes no %', lower(tg_op)
        using errcode = '0A000',
              hint = 'Append with EventAppendMode.QuickWithServerTimestamps, as StoreOptions.OpenVezaLog configures.';
end $$;
create or replace trigger refuse_streams_written instead of insert or update or delete on log.mt_streams
    for each row execute function log.refuse_streams_written();

-- Marten's error about an event may quote it, so it is deleted together with its author's key.
create or replace function log.forget_dead_letters() returns trigger
language plpgsql as $$
begin
    if new.destroyed is not null then
        delete from log.mt_doc_deadletterevent d using log.mt_events e
        where e.seq_id = (d.data ->> 'eventSequence')::bigint and e.user_name = replace(new.owner::text, '-', '');
    end if;
    return null;
end $$;
create or replace trigger forget_dead_letters after insert or update on log.keys
    for each row execute function log.forget_dead_letters();
