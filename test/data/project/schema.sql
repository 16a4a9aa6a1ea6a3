CREATE TABLE authors (
    id serial PRIMARY KEY,
    user_id text NOT NULL,
    slug text NOT NULL,
    name text,
    born date,
    UNIQUE (user_id, slug)
);

CREATE TABLE books (
    id serial PRIMARY KEY,
    user_id text NOT NULL,
    slug text NOT NULL,
    author_id integer NOT NULL REFERENCES authors (id),
    editor_id integer REFERENCES authors (id),
    title text,
    price numeric(10,2),
    tags text[],
    meta jsonb,
    created_at timestamptz,
    UNIQUE (user_id, slug)
);
