-- name: count_records
-- Adds to what became of the records of one source.
INSERT INTO sources AS known (source, last_at, mapped_at, mapped, left_out, unmapped, bad)
VALUES ($1, clock(), CASE WHEN $2 > 0 THEN clock() END, $2, $3, $4, $5)
ON CONFLICT (source) DO UPDATE SET last_at = greatest(known.last_at, excluded.last_at), mapped_at = greatest(known.mapped_at, excluded.mapped_at),
    mapped = known.mapped + excluded.mapped, left_out = known.left_out + excluded.left_out, unmapped = known.unmapped + excluded.unmapped,
    bad = known.bad + excluded.bad

-- name: note_reasons
-- Adds to the reasons why records of one source became nothing; of each the last one stands.
INSERT INTO source_reasons AS known (source, reason, records, detail, place, shape, last_at)
SELECT $1, reason, records, detail, place, shape, clock()
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]) AS new (reason, records, detail, place, shape)
ON CONFLICT (source, reason) DO UPDATE SET records = known.records + excluded.records, detail = excluded.detail, place = excluded.place,
    shape = excluded.shape, last_at = excluded.last_at

-- name: sources
-- Reads what became of the records of each source.
SELECT * FROM sources ORDER BY source LIMIT 1000

-- name: reasons
-- Reads why records became nothing, what came last first.
SELECT * FROM source_reasons ORDER BY last_at DESC, source, reason LIMIT 200
