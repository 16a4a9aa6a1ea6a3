-- Artists, albums and tracks move into a Chinook whose ids are all taken.
\pset footer off
\set backup_schema `cat demo/chinook-backup-schema.json`

-- West is full of other artists under the same ids, and its genres are numbered
-- in another way.
\connect chinook_west
UPDATE artist SET name = 'West ' || name;
UPDATE album SET title = 'West ' || title;
UPDATE track SET name = 'West ' || name;
UPDATE genre g SET name = o.name
  FROM genre o WHERE o.genre_id = 1 + g.genre_id % (SELECT count(*) FROM genre);

\echo '4. CHINOOK'
\echo
\echo '275 artists, 347 albums and 3503 tracks of one record shop go to another'
\echo 'that has as many of its own, under the same ids:'
\echo
\connect chinook_east
SELECT left(r.name, 16) AS artist, r.artist_id, left(b.title, 16) AS album, b.album_id,
       count(*) AS tracks, min(t.track_id) AS first
  FROM track t JOIN album b USING (album_id) JOIN artist r USING (artist_id)
 WHERE b.album_id IN (1, 144, 340) GROUP BY r.artist_id, b.album_id ORDER BY album_id;
SELECT array_agg(title) AS shown FROM album WHERE album_id IN (1, 144, 340) \gset
SELECT count(*) AS rows, md5(string_agg(concat_ws('|', r.name, b.title, t.name, t.milliseconds,
        g.name, m.name, t.unit_price), e'\n'
        ORDER BY (r.name, b.title, t.name, t.milliseconds)::text COLLATE "C")) AS content
  FROM track t JOIN album b USING (album_id) JOIN artist r USING (artist_id)
  JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id) \gset
\set file `echo "$HOME/chinook.jsonl"`
\pset tuples_only on
\pset format unaligned
\o :file
SELECT db_adapter.backup(:'backup_schema');
\o
\pset format aligned
\pset tuples_only off

\connect chinook_west
\set document `cat "$HOME/chinook.jsonl"`
SELECT "table", inserted, skipped, failed, nulled_refs FROM db_adapter.restore(:'document');
SELECT left(r.name, 16) AS artist, r.artist_id, left(b.title, 16) AS album, b.album_id,
       count(*) AS tracks, min(t.track_id) AS first
  FROM track t JOIN album b USING (album_id) JOIN artist r USING (artist_id)
 WHERE b.title = ANY (:'shown') GROUP BY r.artist_id, b.album_id ORDER BY album_id;
SELECT demo.claim('every track sits on its album, every album under its artist',
    count(*) = :rows AND md5(string_agg(concat_ws('|', r.name, b.title, t.name, t.milliseconds,
        g.name, m.name, t.unit_price), e'\n'
        ORDER BY (r.name, b.title, t.name, t.milliseconds)::text COLLATE "C")) = :'content')
  FROM track t JOIN album b USING (album_id) JOIN artist r USING (artist_id)
  JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id)
 WHERE r.name NOT LIKE 'West %' \gset
\echo :claim
SELECT demo.claim('none of the 3503 kept an id that was taken',
    count(*) = 3503 AND min(track_id) > 3503) FROM track WHERE name NOT LIKE 'West %' \gset
\echo :claim
\echo
