-- demo.claim(what, holds): a line of the demonstration, or the end of it.
CREATE EXTENSION db_adapter;
CREATE SCHEMA demo;
CREATE FUNCTION demo.claim(what text, holds boolean) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION 'not true: %', what;
    END IF;
    RETURN '  ok  ' || what;
END
$$;
