-- The log. What is named mt_* is Marten's, column for column; what is ours carries no prefix.
-- Every statement can be run again: the schema is applied at each start.
create schema if not exists log;
create schema if not exists views;

-- Partitioned by position, so that old parts can move to other disks and no index grows without end. Nothing here is ever updated, and
-- positions only ever rise, so that their pages can be full. Events have no tenant_id: Marten takes them for its default tenant's, and ten bytes each are spared.
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
-- A stream's events, by eights of their versions: PostgreSQL keeps equal keys once, so that an event of a longer stream takes a fifth of what a key of its own would.
-- Not unique, as the versions are enforced under the log's lock.
create index if not exists events_by_stream on log.mt_events (stream_id, (version >> 3));
drop index if exists log.pk_mt_events_stream_and_version;

-- Which streams there are. Insert-only: a version kept here would be an update for every event, whose dead rows nothing can remove
-- while an analyst's transaction is open.
create table if not exists log.streams (
    id       uuid primary key,
    type     varchar not null,
    created  timestamptz not null
);

-- Marten's table of streams, with the version as the events have it. Scalar subqueries, which nobody pays for who does not ask for them: Marten's
-- daemon joins every page of events with it.
create or replace view log.mt_streams as
select s.id, s.type,
       coalesce((select e.version from log.mt_events e where e.stream_id = s.id order by e.version >> 3 desc, e.version desc limit 1), 0) as version,
       coalesce((select e.timestamp from log.mt_events e where e.stream_id = s.id order by e.version >> 3 desc, e.version desc limit 1), s.created)
           as timestamp,
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

-- One link per batch: SHA-256 over the link before and the events as they are stored. Its newest row is the head of the log.
create table if not exists log.chain (
    position  bigint primary key,
    at        timestamptz not null,
    hash      bytea not null
);

-- What each command with an idempotency key was answered, so that repeating it changes nothing and gets the first answer again.
create table if not exists log.commands (
    id           uuid primary key,
    position     bigint not null,
    version      bigint not null,
    at           timestamptz not null,
    fingerprint  bytea,
    answer       jsonb
);
create index if not exists commands_at on log.commands using brin (at);

-- Unique names: user names, e-mails, vanity addresses. Changed only in the transaction of the event that says so.
create table if not exists log.names (
    scope  text not null,
    name   text not null,
    owner  uuid not null,
    primary key (scope, name)
);

-- Asked for when the log is verified.
create index if not exists names_owner on log.names (owner);

-- The keys that accounts' personal texts are sealed with in the events, wrapped by a key of the servers'. One that was destroyed keeps its row, so that no other is made.
create table if not exists log.keys (
    owner      uuid primary key,
    wrapped    bytea,
    made       timestamptz not null default now(),
    destroyed  timestamptz
);

-- Erased accounts of which the database's files have been swept: when, and what was done and not. One that was erased and is not here is yet to be swept.
create table if not exists log.erasures (
    account  uuid primary key,
    swept    timestamptz not null default now(),
    steps    jsonb not null
);

-- Models of long streams as they were at an event, so that loading one reads only the events after it. Nothing depends on them: they can all be deleted.
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

-- Which nodes there are: one row each, renewed every second by this database's clock. A node not seen for the length of a lease is gone.
create table if not exists log.nodes (
    id    uuid primary key,
    runs  text[] not null,
    seen  timestamptz not null
) with (fillfactor = 50);

-- What runs behind the log, projections (or their shards) and subscriptions, and which node runs it. Written when that changes, not while it runs.
create table if not exists log.runners (
    name   text primary key,
    kind   text not null,
    node   uuid,
    since  timestamptz not null default now(),
    fault  text
);

-- Events that a projection could not apply. "standing": it waits before the event for an operator; "skipped": it was gone past without it.
-- Those of a subscription were parked by a former release; they are stored with its next events.
create table if not exists log.parked_events (
    name      text not null,
    position  bigint not null,
    error     text not null,
    at        timestamptz not null,
    attempts  integer not null default 1,
    state     text not null default 'skipped',
    primary key (name, position)
);
alter table log.parked_events add column if not exists attempts integer not null default 1, add column if not exists state text not null default 'skipped';
