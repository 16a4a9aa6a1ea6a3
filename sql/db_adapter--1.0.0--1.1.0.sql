-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION db_adapter UPDATE TO '1.1.0'" to load this file. \quit

-- What sql/db_adapter.sql says differently since 1.0.0, in its order.
