-- What PostgreSQL 15 added, on top of torture.sql.
ALTER TABLE torture.refs ADD CONSTRAINT refs_part FOREIGN KEY (a, b) REFERENCES torture.keys ON DELETE SET NULL (a);
ALTER TABLE torture.keys ADD CONSTRAINT keys_nulls UNIQUE NULLS NOT DISTINCT (a, c);
CREATE UNIQUE INDEX keys_nulls_index ON torture.keys (c, a) NULLS NOT DISTINCT WHERE a > 0;
CREATE VIEW torture.invoker WITH (security_invoker = true) AS SELECT 1 AS one;
