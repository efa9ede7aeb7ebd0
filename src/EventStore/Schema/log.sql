-- The log. Tables named mt_* are Marten's, column for column; tables of ours carry no prefix.
-- Every statement can be run again: the schema is applied at each start.
create schema if not exists log;
create schema if not exists views;

create table if not exists log.mt_streams (
    id           uuid primary key,
    type         varchar,
    version      bigint,
    timestamp    timestamptz not null default now(),
    created      timestamptz not null default now(),
    tenant_id    varchar default '*DEFAULT*',
    is_archived  boolean default false
) with (fillfactor = 80); -- room for the version to be updated in place (HOT), without touching the index

create table if not exists log.mt_events (
    seq_id          bigint not null primary key,
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
);
create unique index if not exists pk_mt_events_stream_and_version on log.mt_events (stream_id, version);

create sequence if not exists log.mt_events_sequence owned by log.mt_events.seq_id;

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

-- What each command was answered, so that a repeated command id changes nothing and gets the first answer again.
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

-- Events that a reaction could not deal with however often it tried; it went on without them.
create table if not exists log.parked_events (
    name      text not null,
    position  bigint not null,
    error     text not null,
    at        timestamptz not null,
    primary key (name, position)
);
