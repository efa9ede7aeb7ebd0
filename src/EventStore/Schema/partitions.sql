-- Which positions each partition of mt_events holds: from low, below high.
create table if not exists log.partitions (
    low   bigint primary key,
    high  bigint not null
);

-- Makes partitions until one holds the given position. Each is attached rather than created in place, which would lock out readers.
-- A changed size applies to the partitions still to be made.
create or replace function log.ensure_partition(at_position bigint, partition_events bigint) returns void
language plpgsql as $$
declare
    next_low  bigint;
    next_high bigint;
begin
    perform pg_advisory_xact_lock(7310573, 4);
    loop
        select coalesce(max(high), 1) into next_low from log.partitions;
        exit when next_low > at_position;
        next_high := next_low + partition_events;
        execute format('create table log.mt_events_%s (like log.mt_events including defaults)', next_low);
        -- Rows only ever come in: freezing them early, a little at a time, spares a great vacuum later.
        execute format('alter table log.mt_events_%s set (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000, '
                       'autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.2)', next_low);
        -- Nobody looks for events by their JSON, and sampling it is half of what analysing a partition takes.
        execute format('alter table log.mt_events_%s alter column data set statistics 0', next_low);
        execute format('alter table log.mt_events attach partition log.mt_events_%s for values from (%s) to (%s)', next_low, next_low, next_high);
        insert into log.partitions (low, high) values (next_low, next_high);
    end loop;
end $$;
