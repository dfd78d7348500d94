-- What statements of the lake call and PostgreSQL does not have, under DuckDB's names and with its meaning.
-- Made anew whenever this text changes.

CREATE OR REPLACE FUNCTION json_text(document text, VARIADIC path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(document AS json) #>> path $$;
CREATE OR REPLACE FUNCTION json_text(document jsonb, VARIADIC path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT document #>> path $$;

CREATE OR REPLACE FUNCTION json_part(document text, VARIADIC path text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(document AS jsonb) #> path $$;
CREATE OR REPLACE FUNCTION json_part(document jsonb, VARIADIC path text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT document #> path $$;

CREATE OR REPLACE FUNCTION json_each(document text) RETURNS TABLE (key text, value jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT each.key, each.value FROM jsonb_each(
        CASE WHEN document IS JSON OBJECT THEN CAST(document AS jsonb) ELSE '{}' END) AS each $$;

CREATE OR REPLACE FUNCTION json_items(document jsonb) RETURNS TABLE (value jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT item.value FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(document) = 'array' THEN document ELSE '[]' END) AS item $$;
CREATE OR REPLACE FUNCTION json_items(document text) RETURNS TABLE (value jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT item.value FROM json_items(CAST(document AS jsonb)) AS item $$;

-- RFC 7396.
CREATE OR REPLACE FUNCTION json_merge_patch(target jsonb, patch jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    merged jsonb := CASE WHEN jsonb_typeof(target) = 'object' THEN target ELSE '{}' END;
    field record;
BEGIN
    IF jsonb_typeof(patch) <> 'object' THEN
        RETURN patch;
    END IF;
    FOR field IN SELECT key, value FROM jsonb_each(patch) LOOP
        IF jsonb_typeof(field.value) = 'null' THEN
            merged := merged - field.key;
        ELSIF jsonb_typeof(field.value) = 'object' THEN
            merged := jsonb_set(merged, ARRAY[field.key], json_merge_patch(merged -> field.key, field.value));
        ELSE
            merged := jsonb_set(merged, ARRAY[field.key], field.value);
        END IF;
    END LOOP;
    RETURN merged;
END $$;
CREATE OR REPLACE FUNCTION json_merge_patch(target text, patch jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_merge_patch(CAST(target AS jsonb), patch) $$;

-- A number written in decimals, with or without an exponent; what is none is NULL.
CREATE OR REPLACE FUNCTION is_number_text(given text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT given ~ '^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$' $$;

CREATE OR REPLACE FUNCTION try_decimal(given text, digits integer, scale integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN is_number_text(given) AND abs(round(CAST(given AS numeric), scale)) < power(10::numeric, digits - scale)
        THEN round(CAST(given AS numeric), scale) END $$;
CREATE OR REPLACE FUNCTION try_decimal(given double precision, digits integer, scale integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(given) < power(10::double precision, digits - scale) THEN round(CAST(given AS numeric), scale) END $$;
CREATE OR REPLACE FUNCTION try_decimal(given numeric, digits integer, scale integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(round(given, scale)) < power(10::numeric, digits - scale) THEN round(given, scale) END $$;
CREATE OR REPLACE FUNCTION try_decimal(given jsonb, digits integer, scale integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT try_decimal(given #>> '{}', digits, scale) $$;

CREATE OR REPLACE FUNCTION try_double(given text) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN is_number_text(given) AND pg_input_is_valid(given, 'double precision')
        THEN CAST(given AS double precision) END $$;
CREATE OR REPLACE FUNCTION try_bigint(given text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN is_number_text(given) AND abs(CAST(given AS numeric)) < 9223372036854775807
        THEN CAST(CAST(given AS numeric) AS bigint) END $$;
CREATE OR REPLACE FUNCTION try_bigint(given double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(given) < 9.2e18 THEN CAST(given AS bigint) END $$;
CREATE OR REPLACE FUNCTION try_boolean(given text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE lower(trim(given)) WHEN 'true' THEN true WHEN 't' THEN true WHEN '1' THEN true
        WHEN 'false' THEN false WHEN 'f' THEN false WHEN '0' THEN false END $$;

-- ISO 8601; what is none is NULL. A moment without a zone is UTC.
CREATE OR REPLACE FUNCTION try_moment(given text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN given ~ '^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?\s*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$'
            AND pg_input_is_valid(given, 'timestamp with time zone')
        THEN CAST(given AS timestamp with time zone) END $$;
CREATE OR REPLACE FUNCTION try_timestamp(given text) RETURNS timestamp
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN try_moment(given) IS NOT NULL THEN CAST(given AS timestamp) END $$;
CREATE OR REPLACE FUNCTION try_date(given text) RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT CAST(try_timestamp(given) AS date) $$;

CREATE OR REPLACE FUNCTION hash(given text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(hashtextextended(given, 0), 0) $$;
CREATE OR REPLACE FUNCTION hash(given bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(hashint8extended(given, 0), 0) $$;

CREATE OR REPLACE FUNCTION epoch_us(given timestamp) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(EXTRACT(epoch FROM given) * 1000000 AS bigint) $$;
CREATE OR REPLACE FUNCTION epoch_ms(given timestamp) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(floor(EXTRACT(epoch FROM given) * 1000) AS bigint) $$;
CREATE OR REPLACE FUNCTION make_moment(microseconds bigint) RETURNS timestamp
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT TIMESTAMP '1970-01-01' + microseconds * INTERVAL '1 microsecond' $$;
CREATE OR REPLACE FUNCTION to_days(given bigint) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given * INTERVAL '1 day' $$;
CREATE OR REPLACE FUNCTION to_hours(given bigint) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given * INTERVAL '1 hour' $$;
CREATE OR REPLACE FUNCTION to_minutes(given bigint) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given * INTERVAL '1 minute' $$;
CREATE OR REPLACE FUNCTION to_seconds(given double precision) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given * INTERVAL '1 second' $$;
CREATE OR REPLACE FUNCTION to_microseconds(given bigint) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given * INTERVAL '1 microsecond' $$;

-- How many boundaries of the unit lie between two moments.
CREATE OR REPLACE FUNCTION date_diff(unit text, since timestamp, until timestamp) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(CASE lower(unit)
        WHEN 'year' THEN EXTRACT(year FROM until) - EXTRACT(year FROM since)
        WHEN 'month' THEN (EXTRACT(year FROM until) - EXTRACT(year FROM since)) * 12
            + EXTRACT(month FROM until) - EXTRACT(month FROM since)
        WHEN 'week' THEN (CAST(date_trunc('week', until) AS date) - CAST(date_trunc('week', since) AS date)) / 7
        WHEN 'day' THEN CAST(until AS date) - CAST(since AS date)
        ELSE EXTRACT(epoch FROM date_trunc(unit, until) - date_trunc(unit, since))
            / EXTRACT(epoch FROM CAST('1 ' || unit AS interval)) END AS bigint) $$;

CREATE OR REPLACE FUNCTION suffix(given text, ending text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT right(given, length(ending)) = ending $$;
CREATE OR REPLACE FUNCTION regexp_full_match(given text, pattern text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given ~ ('^(?:' || pattern || ')$') $$;

CREATE OR REPLACE FUNCTION json_keys(document text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT array_agg(each.key) FROM json_each(document) AS each $$;

CREATE OR REPLACE FUNCTION as_bigint(given boolean) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(CAST(given AS integer) AS bigint) $$;
CREATE OR REPLACE FUNCTION as_bigint(given bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT given $$;
CREATE OR REPLACE FUNCTION as_bigint(given numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(given AS bigint) $$;
CREATE OR REPLACE FUNCTION as_bigint(given double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(given AS bigint) $$;
CREATE OR REPLACE FUNCTION as_bigint(given text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CAST(given AS bigint) $$;

CREATE OR REPLACE FUNCTION regexp_extract(subject text, pattern text, part integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce((regexp_match(subject, pattern))[part], '')
$$;

CREATE OR REPLACE FUNCTION md5_number_lower(given text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || string_agg(substr(md5(given), place, 2), '' ORDER BY place DESC))::bit(64)::bigint
    FROM generate_series(17, 31, 2) AS place
$$;
