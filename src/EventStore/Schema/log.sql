-- The log. Tables and views named mt_* have Marten's columns; all others are Veza's.
-- Every statement can run again, since the schema is applied at each start.
create schema if not exists log;
create schema if not exists views;

-- Partitioned by position, so that old parts can move to other disks and no index grows without end. No row is ever
-- updated, and positions only rise, so index pages can be full. Events have no tenant_id, which saves ten bytes each:
-- Marten treats them as its default tenant's.
create table if not exists log.mt_events (
    seq_id          bigint not null primary key with (fillfactor = 100),
    id              uuid not null,
    stream_id       uuid,
    version         bigint not null,
    data            jsonb not null,
    bdata           bytea,
    type            varchar(500) not null,
    timestamp       timestamptz not null default now(),
    tenant_id       varchar default '*DEFAULT*',
    mt_dotnet_type  varchar,
    is_archived     boolean default false,
    correlation_id  varchar,
    causation_id    varchar,
    headers         jsonb,
    user_name       varchar
) partition by range (seq_id);
-- A stream's events, by eights of their versions. PostgreSQL stores equal keys once, so an event of a longer stream
-- takes a fifth of the space of a separate key. It is not unique, since the versions are enforced under the log's lock.
create index if not exists events_by_stream on log.mt_events (stream_id, (version >> 3));
drop index if exists log.pk_mt_events_stream_and_version;

-- The streams. Insert-only: a version here would need an update for every event, and no vacuum can remove the dead rows
-- while an analyst's transaction is open.
create table if not exists log.streams (
    id       uuid primary key,
    type     varchar not null,
    created  timestamptz not null
);

-- Marten's table of streams, with the version from the events. Scalar subqueries cost nothing in queries that do not
-- select them, and Marten's daemon joins every page of events with this view.
create or replace view log.mt_streams as
select s.id, s.type,
       coalesce((select e.version from log.mt_events e where e.stream_id = s.id
                 order by e.version >> 3 desc, e.version desc limit 1), 0) as version,
       coalesce((select e.timestamp from log.mt_events e where e.stream_id = s.id
                 order by e.version >> 3 desc, e.version desc limit 1), s.created) as timestamp,
       s.created, '*DEFAULT*'::varchar as tenant_id, false as is_archived, 0::bigint as compacted_version
from log.streams s;

create table if not exists log.mt_event_progression (
    name         varchar primary key,
    last_seq_id  bigint,
    last_updated timestamptz default transaction_timestamp()
) with (fillfactor = 50);

create table if not exists log.mt_high_water_skips (
    ending_sequence   bigint primary key,
    starting_sequence bigint not null,
    timestamp         timestamptz default transaction_timestamp()
);

-- The hash chain. One link per batch: SHA-256 over the former link and the stored events. The newest row is the head of
-- the log.
create table if not exists log.chain (
    position  bigint primary key,
    at        timestamptz not null,
    hash      bytea not null
);

-- The answer to each command with an idempotency key, so that a repeat changes nothing and gets the first answer.
create table if not exists log.commands (
    id           uuid primary key,
    position     bigint not null,
    version      bigint not null,
    at           timestamptz not null,
    fingerprint  bytea,
    answer       jsonb
);
create index if not exists commands_at on log.commands using brin (at);

-- Unique names: user names, e-mails, vanity addresses. They change only in the transaction of their event.
create table if not exists log.names (
    scope  text not null,
    name   text not null,
    owner  uuid not null,
    primary key (scope, name)
);

-- For the verification of the log.
create index if not exists names_owner on log.names (owner);

-- The keys of the accounts' personal texts in the events, wrapped with a key of the servers. A destroyed key keeps its
-- row, so that no new one is created.
create table if not exists log.keys (
    owner      uuid primary key,
    wrapped    bytea,
    made       timestamptz not null default now(),
    destroyed  timestamptz
);

-- Erased accounts that a sweep of the database's files has covered, with its time and steps. An erased account without
-- a row waits for a sweep.
create table if not exists log.erasures (
    account  uuid primary key,
    swept    timestamptz not null default now(),
    steps    jsonb not null
);

-- Snapshots of the aggregates of long streams, so that loading one reads only the events after its snapshot. All of
-- them can be deleted safely.
create table if not exists log.snapshots (
    stream_id  uuid not null,
    model      varchar not null,
    version    bigint not null,
    position   bigint not null,
    event_id   uuid not null,
    shape      bytea not null,
    data       jsonb not null,
    at         timestamptz not null default now(),
    primary key (stream_id, model)
);

-- The nodes' leases: one row per node, renewed every second by this database's clock. A node whose lease has expired is
-- gone.
create table if not exists log.nodes (
    id    uuid primary key,
    runs  text[] not null,
    seen  timestamptz not null
) with (fillfactor = 50);
-- Of the first lease, or of the first after one that ended.
alter table log.nodes
    add column if not exists since timestamptz not null default clock_timestamp();

-- The projections (or their shards) and subscriptions, and the node that runs each. A row is written when its node
-- changes, not while it runs.
create table if not exists log.runners (
    name   text primary key,
    kind   text not null,
    node   uuid,
    since  timestamptz not null default now(),
    fault  text
);

-- Events that a projection could not apply. "standing": it waits at the event for an operator; "skipped": it went on
-- without the event. Events of a subscription were parked by a former release; they are stored with its next events.
create table if not exists log.parked_events (
    name      text not null,
    position  bigint not null,
    error     text not null,
    at        timestamptz not null,
    attempts  integer not null default 1,
    state     text not null default 'skipped',
    primary key (name, position)
);
alter table log.parked_events
    add column if not exists attempts integer not null default 1,
    add column if not exists state text not null default 'skipped';
