-- The declared schema of a small shop that serves several tenants.
CREATE TABLE categories (
    id          serial PRIMARY KEY,
    user_id     varchar(50) NOT NULL,
    slug        varchar(100) NOT NULL,
    name        varchar(200) NOT NULL,
    UNIQUE (user_id, slug)
);

CREATE TABLE products (
    id          serial PRIMARY KEY,
    user_id     varchar(50) NOT NULL,
    slug        varchar(100) NOT NULL,
    name        varchar(200) NOT NULL,
    category_id integer NOT NULL REFERENCES categories (id),
    related_id  integer REFERENCES products (id),
    price       numeric(10,2) NOT NULL DEFAULT 0,
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, slug),
    CHECK (price >= 0)
);

CREATE INDEX products_category_idx ON products (category_id);
