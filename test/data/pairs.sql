-- The opening of tests that see what becomes of one schema when another is wanted: \i.
\set ECHO none
\set VERBOSITY terse
SET client_min_messages = error;
CREATE ROLE regress_pairs SUPERUSER;
SET ROLE regress_pairs;
CREATE ROLE regress_pair_owner;
CREATE ROLE regress_pair_reader;
\pset tuples_only on
\pset format unaligned
CREATE FUNCTION pg_temp.owners(OUT object text, OUT owner text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT concat_ws(' ', k.key, o ->> 'name'), o ->> 'owner' FROM jsonb_each(db_adapter.introspect('{pair}')) k,
           jsonb_array_elements(CASE WHEN jsonb_typeof(k.value) = 'array' AND k.key <> 'schemas' THEN k.value ELSE '[]' END) o $$;

-- What becomes of before when after is wanted; "probe" is asked at the end.  All is undone.
CREATE FUNCTION pg_temp.pair(before text, after text, allow_drop boolean DEFAULT true, threshold int DEFAULT 0, probe text DEFAULT NULL)
RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE
    want jsonb;
    plan jsonb;
    line text;
    context text;
BEGIN
    EXECUTE 'CREATE SCHEMA pair; SET search_path = pair;' || before;
    CREATE TEMP TABLE owners AS SELECT * FROM pg_temp.owners();
    RESET search_path;
    want := db_adapter.expected('CREATE SCHEMA pair; SET search_path = pair;' || after, '{pair}');
    plan := db_adapter.plan(want, allow_drop => allow_drop, recreate_threshold => threshold);
    RETURN NEXT concat_ws(' ', CASE WHEN plan -> 'verified' = 'true' THEN 'verified' ELSE plan ->> 'verify_error' END);
    RETURN QUERY SELECT format('remains: %s %s: %s', r ->> 'object', r ->> 'attribute', r ->> 'reason')
      FROM jsonb_array_elements(plan -> 'remaining') r WHERE r ->> 'attribute' IS DISTINCT FROM 'column_order';
    RETURN QUERY SELECT 'note: ' || n FROM jsonb_array_elements_text(plan -> 'notes') n;
    PERFORM db_adapter.apply(plan, confirm => true);
    RETURN QUERY SELECT concat_ws(' ', d.severity || ':', d.object_type, d.object, d.attribute)
      FROM db_adapter.differences(want, ignore => '{owners,column_order}') d;
    RETURN QUERY SELECT format('owner of %s: %s', object, a.owner) FROM pg_temp.owners() a JOIN owners b USING (object) WHERE a.owner <> b.owner;
    IF probe IS NOT NULL THEN
        SET search_path = pair;
        FOR line IN EXECUTE probe LOOP
            RETURN NEXT 'probe: ' || line;
        END LOOP;
        RESET search_path;
    END IF;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
    RESET search_path;
WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN NEXT format('failed: %s %s (%s)', SQLSTATE, SQLERRM, split_part(context, E'\n', 2));
    RESET search_path;
END $f$;
\set ECHO all
