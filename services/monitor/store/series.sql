-- name: series_of
-- Reads the windows and states of the components whose partials are in these partitions.
SELECT rule, component, home, state, fingerprint, heard_at, spoke_at FROM series WHERE home = ANY ($1::int[])

-- name: keep_series
-- Stores the windows and states that changed.
INSERT INTO series (rule, component, home, state, fingerprint, heard_at, spoke_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::text[], $6::timestamptz[], $7::timestamptz[])
ON CONFLICT (rule, component) DO UPDATE SET home = excluded.home, state = excluded.state, fingerprint = excluded.fingerprint,
    heard_at = excluded.heard_at, spoke_at = excluded.spoke_at

-- name: drop_series
-- Deletes windows and states of rules that are gone or count otherwise now, and of strangers that were quiet for long or are too many.
DELETE FROM series USING unnest($1::text[], $2::text[]) AS gone (rule, component)
WHERE series.rule = gone.rule AND series.component = gone.component
