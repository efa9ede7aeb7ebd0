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
