-- The positions of each partition of mt_events: from low, below high.
create table if not exists log.partitions (
    low   bigint primary key,
    high  bigint not null
);

-- Creates partitions until one holds the given position. It attaches each one, since creating it in place would block
-- readers. A changed size applies to partitions created later.
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
        -- Rows are only inserted. Freezing them early, a few at a time, avoids a long vacuum later.
        execute format('alter table log.mt_events_%s set (autovacuum_vacuum_insert_scale_factor = 0, '
                       'autovacuum_vacuum_insert_threshold = 500000, autovacuum_freeze_min_age = 0, '
                       'autovacuum_analyze_scale_factor = 0.2)', next_low);
        -- No query searches events by their JSON, and sampling it takes half of the time to analyse a partition.
        execute format('alter table log.mt_events_%s alter column data set statistics 0', next_low);
        execute format('alter table log.mt_events attach partition log.mt_events_%s for values from (%s) to (%s)',
                       next_low, next_low, next_high);
        insert into log.partitions (low, high) values (next_low, next_high);
    end loop;
end $$;
