-- What torture.sql needs once a database.
CREATE FOREIGN DATA WRAPPER regress_torture_fdw;
CREATE SERVER regress_torture_server FOREIGN DATA WRAPPER regress_torture_fdw;
