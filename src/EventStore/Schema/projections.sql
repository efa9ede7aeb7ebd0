-- Which version's rows each view shows. A view goes to another version in the transaction that changes this, and a reader that waits asks here whose checkpoint counts.
create table if not exists log.projections (
    base     text primary key,
    serving  text not null
);

-- Projections that are being built in a table of their own, beside the one that serves: how far each is, and how fast it went last.
create table if not exists log.builds (
    name        text primary key,
    at          timestamptz not null default now(),
    epoch       text,
    position    bigint not null default 0,
    events      bigint not null default 0,
    per_second  double precision,
    error       text
);

-- Tables that no view shows any longer; they go when the queries that began on them had time to end.
create table if not exists log.retired_tables (
    name  text primary key,
    at    timestamptz not null default clock_timestamp()
);

-- Moves a checkpoint from where its runner left it, or fails, and with it all that stands before it in its transaction.
create or replace function log.move_checkpoint(checkpoint text, expected bigint, reached bigint, rows_table text, identity oid) returns void
language plpgsql as $$
begin
    -- What was written to a table holds it in its place until the commit, so that asking afterwards is asking in time.
    if to_regclass(rows_table)::oid is distinct from identity then
        raise exception '% is another table than %', rows_table, identity using errcode = 'VZ002';
    end if;
    update log.mt_event_progression set last_seq_id = reached, last_updated = now() where name = checkpoint and last_seq_id = expected;
    if not found then
        raise exception 'the checkpoint of % does not stand at %', checkpoint, expected using errcode = 'VZ001';
    end if;
end $$;

-- Renames a table of schema views and the indexes that are called after it.
create or replace function log.rename_rows(source text, target text) returns void
language plpgsql as $$
declare
    index_name text;
begin
    for index_name in
        select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = format('views.%I', source)::regclass and starts_with(i.relname, source)
    loop
        execute format('alter index views.%I rename to %I', index_name, target || substr(index_name, length(source) + 1));
    end loop;
    execute format('alter table views.%I rename to %I', source, target);
end $$;
