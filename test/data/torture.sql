-- A schema with every kind of object and every oddity that has ever broken a
-- schema tool.  It needs torture_roles.sql and torture_server.sql.
CREATE SCHEMA torture;
CREATE SCHEMA "Odd Schema";
COMMENT ON SCHEMA torture IS 'Every kind of object';
GRANT USAGE ON SCHEMA torture TO regress_torture_reader;

-- types ----------------------------------------------------------------------
CREATE TYPE torture.mood AS ENUM ('sad', 'ok', 'it''s "happy"');
ALTER TYPE torture.mood ADD VALUE 'meh' BEFORE 'ok';
COMMENT ON TYPE torture.mood IS 'Labels out of the order they were made in';
CREATE DOMAIN torture.positive AS numeric(10, 2) DEFAULT 1.5 NOT NULL
    CONSTRAINT positive_check CHECK (VALUE > 0);
ALTER DOMAIN torture.positive ADD CONSTRAINT small CHECK (VALUE < 1000000) NOT VALID;
COMMENT ON CONSTRAINT small ON DOMAIN torture.positive IS 'not checked yet';
CREATE DOMAIN torture.code AS varchar(10) COLLATE "C" CHECK (VALUE ~ '^[a-z]+$');
CREATE DOMAIN torture.code_list AS torture.code[];
CREATE TYPE torture.pair AS (low int, high int, label text COLLATE "C");
COMMENT ON COLUMN torture.pair.label IS 'of an attribute';
CREATE FUNCTION torture.float_gap(double precision, double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 - $2';
CREATE TYPE torture.float_range AS RANGE
    (subtype = float8, subtype_diff = torture.float_gap, multirange_type_name = torture.float_ranges);
CREATE TYPE torture.shell;
GRANT USAGE ON TYPE torture.mood TO regress_torture_reader;
REVOKE USAGE ON TYPE torture.pair FROM PUBLIC;

-- sequences ------------------------------------------------------------------
CREATE SEQUENCE torture.free AS int2 START 7 INCREMENT -2 MINVALUE -100 MAXVALUE 10 CACHE 5 CYCLE;
COMMENT ON SEQUENCE torture.free IS 'owned by nobody';
GRANT USAGE ON SEQUENCE torture.free TO regress_torture_reader;

-- functions ------------------------------------------------------------------
CREATE FUNCTION torture.next_code(prefix text DEFAULT 'a', VARIADIC parts int[] DEFAULT '{}')
    RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE COST 7 SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET work_mem = '1MB'
    AS $body$
BEGIN
    -- "quotes", 'quotes' and $$ dollars $$
    RETURN prefix || coalesce(array_to_string(parts, E'\\'), '');
END
$body$;
COMMENT ON FUNCTION torture.next_code(text, int[]) IS 'With defaults and settings';
REVOKE EXECUTE ON FUNCTION torture.next_code(text, int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION torture.next_code(text, int[]) TO "Regress Torture" WITH GRANT OPTION;
CREATE FUNCTION torture.overloaded(a int) RETURNS int LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT 1';
CREATE FUNCTION torture.overloaded(a text) RETURNS SETOF text LANGUAGE sql ROWS 3 AS 'SELECT a';
CREATE FUNCTION torture.overloaded(OUT x int, OUT y text) LANGUAGE sql AS $$SELECT 1, 'a'$$;
CREATE FUNCTION torture.new_style(a int, b int DEFAULT 2) RETURNS int IMMUTABLE
    RETURN a + b;
CREATE FUNCTION torture.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE torture.proceed(INOUT a int) LANGUAGE sql AS 'SELECT a + 1';
CREATE AGGREGATE torture.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE AGGREGATE torture.count_all(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0', PARALLEL = safe);
CREATE AGGREGATE torture.middle(float8 ORDER BY anyelement)
    (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON AGGREGATE torture.total(int) IS 'sum of int4';

-- tables ---------------------------------------------------------------------
CREATE TABLE torture.everything (
    id bigserial PRIMARY KEY,
    gone int,
    small smallint, ok boolean NOT NULL DEFAULT true, c "char", fixed char(5), short varchar(100),
    long text, blob bytea, n numeric(12, 4), m numeric, real_ real, dbl double precision,
    d date, t time(3), ttz timetz(2), ts timestamp(0), tstz timestamptz(6) DEFAULT now(),
    iv interval, ivday interval day to second(3), bits bit(3), vbits varbit(8), oid_ oid,
    u uuid DEFAULT gen_random_uuid(), j json, jb jsonb DEFAULT '{"a": [1, 2]}', x xml,
    ip inet, net cidr, mac macaddr, pt point, ts_vec tsvector, money_ money,
    ints int[], matrix int[3][3], shorts varchar(10)[], moods torture.mood[],
    r int4range, mr int4multirange, fr torture.float_range,
    feeling torture.mood DEFAULT 'ok', price torture.positive, code torture.code,
    codes torture.code_list, p torture.pair DEFAULT ROW(1, 2, 'x'), cls regclass, nm name
);
ALTER TABLE torture.everything DROP COLUMN gone;
COMMENT ON TABLE torture.everything IS E'Every type\nand a "quoted" comment';
COMMENT ON COLUMN torture.everything.feeling IS 'an enum';
ALTER TABLE torture.everything ALTER COLUMN long SET STORAGE EXTERNAL, ALTER COLUMN long SET STATISTICS 500,
    ALTER COLUMN small SET (n_distinct = -0.5);
ALTER TABLE torture.everything SET (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE torture.everything ALTER COLUMN blob SET COMPRESSION pglz;
GRANT SELECT ON torture.everything TO regress_torture_reader;
GRANT INSERT (short, long), UPDATE (short) ON torture.everything TO regress_torture_reader;
GRANT ALL ON torture.everything TO "Regress Torture" WITH GRANT OPTION;

CREATE TABLE torture.identities (
    a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    b bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 5 MAXVALUE 1000 CACHE 3 CYCLE),
    c smallint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME torture.own_name),
    total numeric GENERATED ALWAYS AS (a * 1.5 + coalesce(b, 0)) STORED,
    upper_ text COLLATE "C" GENERATED ALWAYS AS (upper('x' || a::text)) STORED
);
ALTER TABLE torture.identities OWNER TO regress_torture_owner;

CREATE TABLE torture.keys (
    a int, b text, c date, d int4range, e int NOT NULL,
    CONSTRAINT keys_pkey PRIMARY KEY (a, b) INCLUDE (c),
    CONSTRAINT keys_unique UNIQUE (b, c) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT "Keys Check" CHECK (a > 0 AND b IN ('x', 'y') OR c IS NULL) NO INHERIT,
    CONSTRAINT keys_exclude EXCLUDE USING gist (d WITH &&) WHERE (a > 10),
    UNIQUE (e)
);
COMMENT ON CONSTRAINT keys_unique ON torture.keys IS 'checked at commit';
ALTER TABLE torture.keys REPLICA IDENTITY USING INDEX keys_e_key;
ALTER TABLE torture.keys CLUSTER ON keys_e_key;

CREATE TABLE torture.refs (
    id int PRIMARY KEY,
    a int, b text, e int DEFAULT 5,
    parent int REFERENCES torture.refs,
    CONSTRAINT refs_pair FOREIGN KEY (a, b) REFERENCES torture.keys MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT refs_e FOREIGN KEY (e) REFERENCES torture.keys (e) ON UPDATE RESTRICT ON DELETE SET DEFAULT
);
ALTER TABLE torture.refs ADD CONSTRAINT refs_late FOREIGN KEY (e) REFERENCES torture.keys (e) NOT VALID;
ALTER TABLE torture.refs ADD CONSTRAINT refs_positive CHECK (e > 0) NOT VALID;
ALTER TABLE torture.refs REPLICA IDENTITY FULL;
-- a cycle
ALTER TABLE torture.keys ADD COLUMN ref int REFERENCES torture.refs DEFERRABLE;

CREATE TABLE "Odd Schema"."Mixed Case ""Table" (
    "Id" int PRIMARY KEY, "select" text, "naïve Ünïcode 表" text, "dot.dot" int,
    "sixty_three_bytes_long_name_sixty_three_bytes_long_name_sixty_3" int,
    CONSTRAINT "Odd ""Check" CHECK ("select" <> 'a''b\c')
);
COMMENT ON COLUMN "Odd Schema"."Mixed Case ""Table"."select" IS 'reserved';
CREATE INDEX "Odd Index" ON "Odd Schema"."Mixed Case ""Table" ("select" DESC NULLS LAST, lower("naïve Ünïcode 表"));

CREATE UNLOGGED TABLE torture.scratch (a int);
CREATE TABLE torture.no_columns ();
CREATE TABLE torture.typed OF torture.pair (low WITH OPTIONS NOT NULL, PRIMARY KEY (high));
CREATE TABLE torture.parent (a int NOT NULL, b text DEFAULT 'p', CONSTRAINT parent_check CHECK (a > 0));
CREATE TABLE torture.other_parent (c int, a int NOT NULL);
CREATE TABLE torture.child (d int) INHERITS (torture.parent, torture.other_parent);
ALTER TABLE torture.child ALTER COLUMN b SET DEFAULT 'c';

CREATE TABLE torture.events (id bigint, at timestamptz NOT NULL, region text, payload jsonb, owner name DEFAULT current_user,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE torture.events_2024 PARTITION OF torture.events
    FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00') PARTITION BY RANGE (id, at);
CREATE TABLE torture.events_2024_eu PARTITION OF torture.events_2024 (CONSTRAINT eu CHECK (payload IS NOT NULL))
    FOR VALUES FROM (MINVALUE, MINVALUE) TO (1000, '2024-07-01 00:00:00+00');
CREATE TABLE torture.events_default PARTITION OF torture.events DEFAULT;
CREATE TABLE torture.events_2023 (region text, at timestamptz NOT NULL, id bigint NOT NULL, payload jsonb, owner name);
ALTER TABLE torture.events ATTACH PARTITION torture.events_2023 FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');
CREATE INDEX events_region ON torture.events (region, (payload ->> 'k'));
CREATE TABLE torture.hashed (k int) PARTITION BY HASH (k);
CREATE TABLE torture.hashed_0 PARTITION OF torture.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE torture.by_expression (a text, b int) PARTITION BY LIST (lower(a));
CREATE TABLE torture.by_expression_x PARTITION OF torture.by_expression FOR VALUES IN ('x', NULL, 'it''s');
CREATE TABLE torture.event_notes (id bigint, at timestamptz, note text,
    FOREIGN KEY (id, at) REFERENCES torture.events ON DELETE CASCADE);

CREATE FOREIGN TABLE torture.remote (
    id int OPTIONS (column_name 'ID') NOT NULL, v text, CHECK (id > 0)
) SERVER regress_torture_server OPTIONS (schema_name 'a', table_name 'b''c');

-- indexes --------------------------------------------------------------------
CREATE INDEX everything_short ON torture.everything (short varchar_pattern_ops, long COLLATE "C" DESC);
CREATE UNIQUE INDEX everything_unique ON torture.everything (lower(long), (n + m)) INCLUDE (d) WHERE ok AND short IN ('a', 'b');
CREATE INDEX everything_gin ON torture.everything USING gin (jb jsonb_path_ops, ints) WITH (fastupdate = off);
CREATE INDEX everything_brin ON torture.everything USING brin (d date_minmax_multi_ops (values_per_range = 16));
CREATE INDEX everything_hash ON torture.everything USING hash (u);
CREATE INDEX everything_gist ON torture.everything USING gist (r, pt) WITH (fillfactor = 80);
CREATE INDEX everything_nulls ON torture.everything (d NULLS FIRST, t DESC, ts DESC NULLS LAST);
ALTER INDEX torture.everything_unique ALTER COLUMN 1 SET STATISTICS 77;
COMMENT ON INDEX torture.everything_short IS 'pattern';

-- statistics -----------------------------------------------------------------
CREATE STATISTICS torture.some_stats (ndistinct, mcv) ON d, t FROM torture.everything;
CREATE STATISTICS torture.expression_stats ON (lower(long)), short FROM torture.everything;
ALTER STATISTICS torture.some_stats SET STATISTICS 42;
COMMENT ON STATISTICS torture.some_stats IS 'two kinds';

-- triggers, rules, policies --------------------------------------------------
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF short, long ON torture.everything
    FOR EACH ROW WHEN (NEW.short IS DISTINCT FROM ' WHEN (x) EXECUTE FUNCTION ') EXECUTE FUNCTION torture.touch('a', 'b');
CREATE TRIGGER "After All" AFTER TRUNCATE OR DELETE ON torture.everything FOR EACH STATEMENT EXECUTE FUNCTION torture.touch();
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON torture.refs FROM torture.keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION torture.touch();
CREATE TRIGGER transition AFTER UPDATE ON torture.refs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION torture.touch();
CREATE TRIGGER on_partitions AFTER INSERT ON torture.events FOR EACH ROW EXECUTE FUNCTION torture.touch();
ALTER TABLE torture.everything DISABLE TRIGGER "After All";
ALTER TABLE torture.everything ENABLE ALWAYS TRIGGER touch;
COMMENT ON TRIGGER touch ON torture.everything IS 'touches';
CREATE RULE no_delete AS ON DELETE TO torture.keys DO INSTEAD NOTHING;
CREATE RULE log_update AS ON UPDATE TO torture.keys WHERE NEW.a > 5 DO ALSO INSERT INTO torture.scratch VALUES (NEW.a);
COMMENT ON RULE no_delete ON torture.keys IS 'keeps';
ALTER TABLE torture.keys DISABLE RULE log_update;
ALTER TABLE torture.everything ENABLE ROW LEVEL SECURITY;
ALTER TABLE torture.refs ENABLE ROW LEVEL SECURITY;
ALTER TABLE torture.refs FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON torture.everything USING (short IN ('a', 'b') OR feeling = 'ok');
CREATE POLICY "Only Own" ON torture.refs AS RESTRICTIVE FOR UPDATE TO regress_torture_reader, "Regress Torture"
    USING (a = 1) WITH CHECK (a = 1 AND e IN (SELECT e FROM torture.keys));
CREATE POLICY adding ON torture.refs FOR INSERT WITH CHECK (true);
COMMENT ON POLICY adding ON torture.refs IS 'all may add';
ALTER TABLE torture.events_2024_eu ENABLE ROW LEVEL SECURITY;
CREATE POLICY on_partition ON torture.events_2024_eu FOR SELECT USING (region = 'eu');

-- views ----------------------------------------------------------------------
CREATE VIEW torture.simple WITH (security_barrier = true) AS
    SELECT id, short AS "Short", feeling FROM torture.everything WHERE ok WITH LOCAL CHECK OPTION;
ALTER VIEW torture.simple ALTER COLUMN "Short" SET DEFAULT 'd';
COMMENT ON VIEW torture.simple IS 'updatable';
COMMENT ON COLUMN torture.simple.feeling IS 'of a view';
GRANT SELECT ON torture.simple TO PUBLIC;
CREATE TRIGGER instead INSTEAD OF INSERT ON torture.simple FOR EACH ROW EXECUTE FUNCTION torture.touch();
CREATE VIEW torture.on_views AS
    SELECT s.*, (SELECT count(*) FROM torture.refs r WHERE r.id = s.id) AS n, torture.new_style(1) AS f
    FROM torture.simple s LEFT JOIN torture.keys k ON k.a = s.id;
CREATE RECURSIVE VIEW torture.tree (id, depth) AS
    SELECT id, 0 FROM torture.refs WHERE parent IS NULL
    UNION ALL SELECT r.id, t.depth + 1 FROM torture.refs r JOIN tree t ON r.parent = t.id;
CREATE MATERIALIZED VIEW torture.summary WITH (fillfactor = 60) AS
    SELECT feeling, count(*) AS n, torture.total(small::int) AS s FROM torture.everything GROUP BY feeling WITH NO DATA;
CREATE UNIQUE INDEX summary_feeling ON torture.summary (feeling);
COMMENT ON MATERIALIZED VIEW torture.summary IS 'empty at first';
CREATE FUNCTION torture.rows_of(e torture.everything) RETURNS SETOF torture.simple
    LANGUAGE sql STABLE AS 'SELECT * FROM torture.simple WHERE id = e.id';

-- operators and the like -----------------------------------------------------
CREATE COLLATION torture.german (LOCALE = 'C');
CREATE OPERATOR torture.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = OPERATOR(torture.===),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR torture.!!! (RIGHTARG = int, FUNCTION = int4abs);
COMMENT ON OPERATOR torture.!!! (NONE, int) IS 'prefix';
CREATE OPERATOR FAMILY torture.int_family USING btree;
CREATE OPERATOR CLASS torture.int_class FOR TYPE int USING btree FAMILY torture.int_family AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE INDEX everything_class ON torture.everything (oid_, (small::int) torture.int_class);
CREATE TEXT SEARCH DICTIONARY torture.simple_dict (TEMPLATE = pg_catalog.simple, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION torture.conf (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION torture.conf ALTER MAPPING FOR asciiword WITH torture.simple_dict;
CREATE CONVERSION torture.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- default privileges ---------------------------------------------------------
ALTER DEFAULT PRIVILEGES IN SCHEMA torture GRANT SELECT ON TABLES TO regress_torture_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_torture_owner IN SCHEMA torture REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
