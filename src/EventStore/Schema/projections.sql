-- The version whose rows each view shows. A view moves to another version in the transaction that changes this row. A
-- reader that waits finds the checkpoint that counts here.
create table if not exists log.projections (
    base     text primary key,
    serving  text not null
);

-- Projections that are rebuilt in a separate table beside the serving one, with the progress and last speed of each.
create table if not exists log.builds (
    name        text primary key,
    at          timestamptz not null default now(),
    epoch       text,
    position    bigint not null default 0,
    events      bigint not null default 0,
    per_second  double precision,
    error       text
);

-- Tables that no view shows any longer. They are dropped after the queries that use them had time to end.
create table if not exists log.retired_tables (
    name  text primary key,
    at    timestamptz not null default clock_timestamp()
);

-- Moves a checkpoint by compare-and-set. If it fails, the runner's whole transaction fails.
create or replace function log.move_checkpoint(
    checkpoint text, expected bigint, reached bigint, rows_table text, identity oid) returns void
language plpgsql as $$
begin
    -- A written table cannot be renamed before the commit, so this check may come after the writes.
    if to_regclass(rows_table)::oid is distinct from identity then
        raise exception '% is another table than %', rows_table, identity using errcode = 'VZ002';
    end if;
    update log.mt_event_progression set last_seq_id = reached, last_updated = now()
    where name = checkpoint and last_seq_id = expected;
    if not found then
        raise exception 'the checkpoint of % does not stand at %', checkpoint, expected using errcode = 'VZ001';
    end if;
end $$;

-- How far the rows that the views of these projections show are, by the projections' names without a version: the
-- smallest of their checkpoints, and that of one among them. In a statement that reads the views it sees the snapshot
-- of their rows, because it is stable; a function of its own is planned once per session.
create or replace function log.reached(read text[], counting text, out complete bigint, out counted bigint)
language plpgsql stable as $$
begin
    select min(coalesce(p.last_seq_id, 0)), min(coalesce(p.last_seq_id, 0)) filter (where s.base = counting)
    into complete, counted
    from log.projections s left join log.mt_event_progression p on split_part(p.name, '#', 1) = s.serving
    where s.base = any (read);
end $$;

-- Renames a table of schema views and the indexes named after it.
create or replace function log.rename_rows(source text, target text) returns void
language plpgsql as $$
declare
    index_name text;
begin
    for index_name in
        select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid = format('views.%I', source)::regclass and starts_with(i.relname, source)
    loop
        execute format('alter index views.%I rename to %I',
                       index_name, target || substr(index_name, length(source) + 1));
    end loop;
    execute format('alter table views.%I rename to %I', source, target);
end $$;
