-- A schema document that is not one is refused, whoever made it, with the reason.
CREATE FUNCTION pg_temp.document(members jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"format": "db_adapter.schema", "version": 1, "schemas": ["document"]}' || members
$$;
CREATE FUNCTION pg_temp.read(members jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    RETURN format('read: %s differences', jsonb_array_length(db_adapter.validate(pg_temp.document(members)) -> 'differences'));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.read(m::jsonb) FROM (VALUES
    ('{}'),
    ('{"version": 2}'),
    ('{"version": 0}'),
    ('{"version": "1"}'),
    ('{"format": "db_adapter.plan"}'),
    ('{"tabels": []}'),
    ('{"tables": {}}'),
    ('{"tables": [1]}'),
    ('{"tables": [{}]}'),
    ('{"tables": [{"schema": "document"}]}'),
    ('{"tables": [{"schema": "document", "name": "t"}]}'),
    ('{"tables": [{"schema": "document", "name": 7, "kind": "table"}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "row_security": "yes"}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "options": [1]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "color": "red"}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "columns": [{"name": "a"}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "columns": [{"name": "a", "type": "int4", "position": "first"}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "columns": [{"name": "a", "type": "int4", "position": 1e30}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "columns": [{"name": "a", "type": "int4", "not_nul": true}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "constraints": [{"name": "c"}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "constraints": [{"name": "c", "kind": "foreign key", "definition": "x"}]}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "indexes": [{"name": "i"}]}]}'),
    ('{"views": [{"schema": "document", "name": "v", "kind": "view"}]}'),
    ('{"functions": [{"schema": "document", "name": "f", "kind": "function"}]}'),
    ('{"types": [{"schema": "document", "name": "d", "kind": "domain"}]}'),
    -- what is null is absent
    ('{"tables": null, "views": [{"schema": "document", "name": "v", "kind": "view", "definition": "SELECT 1", "comment": null}]}'),
    ('{"tables": [{"schema": "document", "name": "t", "kind": "table", "columns": [{"name": "a", "type": "int4", "position": 1}]}]}')
) v (m);
\pset tuples_only off
-- both forms are told apart
SELECT db_adapter.validate('[]');
SELECT db_adapter.validate('{"t": ["a", 1]}');
SELECT db_adapter.validate('"x"');
