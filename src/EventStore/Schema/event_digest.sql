-- The digest of events that a Marten program appends, computed as EventDigest and CanonicalJson do on a node.
-- A digest that the program computed could not be trusted. A test compares both over random events.

create or replace function log.canonical_text(value text) returns bytea
language sql immutable strict as $$
    select convert_to('"', 'UTF8') || int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8')
$$;

-- The canonical form of JSON; see CanonicalJson. The text of a number in jsonb has no exponent.
create or replace function log.canonical_number(value text) returns bytea
language plpgsql immutable strict as $$
declare
    unsigned    constant text := ltrim(value, '-');
    fraction    constant text := split_part(unsigned, '.', 2);
    digits      constant text := split_part(unsigned, '.', 1) || fraction;
    trimmed     constant text := rtrim(digits, '0');
    significant constant text := ltrim(trimmed, '0');
begin
    if significant = '' then
        return convert_to('#e0;', 'UTF8');
    end if;
    return convert_to('#' || case when value like '-%' then '-' else '' end || significant
                      || 'e' || length(digits) - length(trimmed) - length(fraction) || ';', 'UTF8');
end $$;

create or replace function log.canonical_json(value jsonb, depth int default 1) returns bytea
language plpgsql immutable strict as $$
declare
    -- The depth that a node reads.
    depth_max constant int := 64;
    kind      constant text := jsonb_typeof(value);
begin
    if kind in ('object', 'array') and depth > depth_max then
        raise exception 'an event nests deeper than % levels', depth_max using errcode = 'VZ003';
    end if;
    return case kind
        when 'object' then convert_to('{', 'UTF8') || coalesce((
            select string_agg(log.canonical_text(p.key) || log.canonical_json(p.value, depth + 1), ''
                              order by convert_to(p.key, 'UTF8'))
            from jsonb_each(value) p), '') || convert_to('}', 'UTF8')
        when 'array' then convert_to('[', 'UTF8') || coalesce((
            select string_agg(log.canonical_json(i.item, depth + 1), '' order by i.place)
            from jsonb_array_elements(value) with ordinality i(item, place)), '') || convert_to(']', 'UTF8')
        when 'string' then log.canonical_text(value #>> '{}')
        when 'number' then log.canonical_number(value #>> '{}')
        when 'boolean' then convert_to(left(value #>> '{}', 1), 'UTF8')
        else convert_to('n', 'UTF8')
    end;
end $$;

-- The length first, -1 for null, so that different sequences of texts have different bytes.
create or replace function log.digest_text(value text) returns bytea
language sql immutable as $$
    select coalesce(int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8'), int4send(-1))
$$;

-- The last argument is the event's canonical JSON, which can be computed before the version is known.
create or replace function log.event_digest(
    id uuid, stream_id uuid, version bigint, type text, dotnet_type text, user_name text, correlation_id text,
    causation_id text, canonical bytea) returns bytea
language sql immutable as $$
    select sha256(uuid_send(id) || uuid_send(stream_id) || int8send(version)
                  || log.digest_text(type) || log.digest_text(dotnet_type) || log.digest_text(user_name)
                  || log.digest_text(correlation_id) || log.digest_text(causation_id) || canonical)
$$;
