-- No alarm where the server itself says that values stay: whatever ALTER COLUMN TYPE does
-- without writing the table anew carries no data_loss, and no rows are saved for it.
SET client_min_messages = warning;
CREATE SCHEMA wide;
CREATE DOMAIN wide.plain AS varchar(5);
CREATE DOMAIN wide.checked AS varchar(5) CHECK (VALUE <> 'x');
-- All pairs: casts without a function, and other modifiers of one type
CREATE TEMP TABLE pair AS
SELECT row_number() OVER (ORDER BY source, target) AS n, source, target, false AS stays
  FROM (SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM pg_cast
         WHERE castmethod = 'b' AND castcontext <> 'e' AND oid < 16384
           AND NOT (castsource::regtype::text ~ '^(pg_|")' OR casttarget::regtype::text ~ '^(pg_|")')
        UNION
        SELECT t || a || array_mark, t || b || array_mark
          FROM (VALUES ('varchar'), ('char'), ('bit'), ('bit varying'), ('numeric'), ('time'), ('timestamp'), ('timestamptz'), ('interval')) v(t),
               unnest('{"",(1),(3),(6),(12)}'::text[]) a, unnest('{"",(1),(3),(6),(12)}'::text[]) b, unnest('{"",[]}'::text[]) array_mark
         WHERE a <> b AND (t !~ 'time|interval' OR '(12)' NOT IN (a, b))
        UNION
        SELECT 'numeric(8,2)', 'numeric' || b FROM unnest('{"(8,2)","(12,2)","(12,3)","(8,1)",""}'::text[]) b
        UNION
        SELECT 'interval' || a, 'interval' || b FROM unnest('{""," day to second"," year"," day to second(3)"," hour"}'::text[]) a, unnest('{""," day to second"," year"," day to second(3)"," hour"}'::text[]) b
        UNION VALUES ('wide.plain', 'varchar(5)'), ('wide.plain', 'text'), ('varchar(5)', 'wide.plain'), ('varchar(3)', 'wide.plain'),
                     ('wide.checked', 'text'), ('varchar(5)', 'wide.checked'), ('varchar(5)', 'text'), ('text', 'varchar'), ('char(4)', 'text'),
                     ('timestamp', 'timestamptz'), ('xml', 'text'), ('citext_is_not_here', 'text')) p(source, target)
 WHERE to_regtype(regexp_replace(source, '\(.*', '')) IS NOT NULL AND source <> target;
DO $$
DECLARE p record; before oid;
BEGIN
    FOR p IN SELECT * FROM pair LOOP
        BEGIN
            EXECUTE format('CREATE TABLE wide.one (c %s)', p.source);
            before := pg_relation_filenode('wide.one');
            EXECUTE format('ALTER TABLE wide.one ALTER c TYPE %s', p.target);
            IF before = pg_relation_filenode('wide.one') THEN
                UPDATE pair SET stays = true WHERE n = p.n;
            END IF;
            DROP TABLE wide.one;
        EXCEPTION WHEN datatype_mismatch OR syntax_error OR invalid_parameter_value THEN
            NULL;
        END;
    END LOOP;
END $$;
SELECT count(*) > 200 AS pairs, count(*) FILTER (WHERE stays) > 70 AS stay FROM pair;
SELECT string_agg(format('c%s %s', n, source), ', ') AS before, string_agg(format('c%s %s', n, target), ', ') AS after FROM pair WHERE stays \gset
CREATE TABLE wide.t (:before);
INSERT INTO wide.t DEFAULT VALUES;
SELECT db_adapter.plan(db_adapter.expected(format('CREATE SCHEMA wide; CREATE DOMAIN wide.plain AS varchar(5); CREATE DOMAIN wide.checked AS varchar(5) CHECK (VALUE <> $q$x$q$); CREATE TABLE wide.t (%s)', :'after'), '{wide}')) AS plan \gset
SELECT s.object, s.sql, s.hazards FROM db_adapter.plan_steps(:'plan') s WHERE s.hazards && '{data_loss,table_rewrite}';
SELECT count(*) > 60 AS planned FROM db_adapter.plan_steps(:'plan');
SELECT :'plan'::jsonb -> 'verified' AS verified;
SELECT r -> 'applied' AS applied, r -> 'saved' AS saved FROM db_adapter.apply(:'plan', confirm => true) r;

-- Where an array is written anew, and its elements stay what they are
CREATE TABLE wide.a (a varchar(5)[], b int[], c numeric(8,2)[], d varchar(9)[], e timestamp(3)[]);
SELECT object, array_to_string(hazards, ' ') AS hazards FROM db_adapter.plan_steps(db_adapter.plan(db_adapter.expected('CREATE SCHEMA wide; CREATE TABLE wide.a (a varchar(9)[], b bigint[], c numeric(12,2)[], d varchar(5)[], e timestamp(0)[])', '{wide}'))) WHERE object ~ 'wide.a' ORDER BY object;
DROP SCHEMA wide CASCADE;
