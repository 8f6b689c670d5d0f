-- name: save_candidates
-- Writes candidates as they are now, unless a later revision is known.
INSERT INTO candidates AS known (id, rule, component, title, status, customers, found_at, said_at, by, note, merged_into, revision)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[],
    $9::text[], $10::text[], $11::text[], $12::bigint[])
ON CONFLICT (id) DO UPDATE SET status = excluded.status, customers = excluded.customers, said_at = excluded.said_at, by = excluded.by,
    note = excluded.note, merged_into = excluded.merged_into, revision = excluded.revision
WHERE excluded.revision > known.revision
