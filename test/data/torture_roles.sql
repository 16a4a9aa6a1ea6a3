-- What torture.sql needs once a cluster; torture_server.sql, once a database.
CREATE ROLE regress_torture_owner;
CREATE ROLE regress_torture_reader;
CREATE ROLE "Regress Torture";
