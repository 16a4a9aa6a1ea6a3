-- Arguments are read by their names: nulls, ranges, and a script of another release.
CREATE TABLE t (id int PRIMARY KEY);

-- A null that stands for the default, one that stands for nothing, one that is refused.
SELECT db_adapter.diagram(NULL, NULL) = db_adapter.diagram() AS same, length(db_adapter.diagram(NULL, 'dot')) > 0 AS drawn;
SELECT db_adapter.column_names(NULL, NULL) = db_adapter.column_names('public', '{}') AS same;
SELECT db_adapter.expected(NULL), db_adapter.expected(NULL::text[]), db_adapter.report(NULL, NULL);
SELECT (db_adapter.plan(db_adapter.introspect(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ->> 'verified')::boolean AS verified;
SELECT db_adapter.plan(NULL);
SELECT db_adapter.backup_document('{"tables": []}', filters => NULL);
SELECT db_adapter.backup_document('{"tables": []}', row_security => NULL);
SELECT db_adapter.restore_begin(on_unknown => NULL);
SELECT db_adapter.declare(NULL, 'CREATE TABLE t ()');
SELECT db_adapter.submit('validate', '{}', NULL);
SELECT db_adapter.wait(NULL);
SELECT db_adapter.introspect(ARRAY['public', NULL]::name[]);

-- Intervals, a month being 30 days.
SELECT db_adapter.apply(db_adapter.plan(db_adapter.introspect()), lock_timeout => '-1 s');
SELECT db_adapter.apply(db_adapter.plan(db_adapter.introspect()), lock_timeout => '25 days');
SELECT db_adapter.apply(db_adapter.plan(db_adapter.introspect()), lock_timeout => '24 days') IS NOT NULL AS ran;
SELECT db_adapter.wait(1, '-1 s');
SELECT db_adapter.wait(1, '1000 years');

-- Where it stands decides nothing, nor do the columns of the result.
CREATE FUNCTION drawn(format text DEFAULT 'dot', schemas name[] DEFAULT '{public}') RETURNS text
    AS '$libdir/db_adapter', 'db_adapter_diagram' LANGUAGE C;
SELECT drawn() = db_adapter.diagram(format => 'dot') AS by_name, drawn(NULL) = db_adapter.diagram(format => 'dot') AS its_default;
CREATE FUNCTION drawn_computed(schemas name[] DEFAULT '{public}', format text DEFAULT lower('DOT')) RETURNS text
    AS '$libdir/db_adapter', 'db_adapter_diagram' LANGUAGE C;
SELECT drawn_computed(format => NULL) = db_adapter.diagram(format => 'dot') AS its_default;
-- As an older script leaves it, until the extension is updated.
CREATE FUNCTION drawn_before(schemas name[]) RETURNS text
    AS '$libdir/db_adapter', 'db_adapter_diagram' LANGUAGE C;
SELECT drawn_before('{public}');
CREATE FUNCTION drawn_unnamed(name[], text) RETURNS text
    AS '$libdir/db_adapter', 'db_adapter_diagram' LANGUAGE C;
SELECT drawn_unnamed('{public}', 'dot');

-- A column of the result is no argument.
CREATE FUNCTION steps_before() RETURNS TABLE (plan jsonb)
    AS '$libdir/db_adapter', 'db_adapter_plan_steps' LANGUAGE C;
SELECT * FROM steps_before();

DROP FUNCTION steps_before, drawn, drawn_computed, drawn_before, drawn_unnamed;
DROP TABLE t;
