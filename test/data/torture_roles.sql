-- What torture.sql needs and no schema can hold: roles and a foreign server.
CREATE ROLE regress_torture_owner;
CREATE ROLE regress_torture_reader;
CREATE ROLE "Regress Torture";
CREATE FOREIGN DATA WRAPPER regress_torture_fdw;
CREATE SERVER regress_torture_server FOREIGN DATA WRAPPER regress_torture_fdw;
