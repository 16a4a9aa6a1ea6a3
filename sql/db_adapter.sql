-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION db_adapter" to load this file. \quit

GRANT USAGE ON SCHEMA db_adapter TO PUBLIC;
