-- name: expect
-- Begins to expect an event of each named component. One that the rule expects already stays as it is; under another fingerprint it
-- begins anew.
INSERT INTO expected (rule, component, fingerprint, since)
SELECT rule, component, fingerprint, clock()
FROM unnest($1::text[], $2::text[], $3::text[]) AS named (rule, component, fingerprint) ORDER BY rule, component
ON CONFLICT (rule, component) DO UPDATE
    SET fingerprint = excluded.fingerprint, since = excluded.since, heard_at = NULL, spoke_at = NULL, missed = NULL
    WHERE expected.fingerprint <> excluded.fingerprint

-- name: drop_others
-- Forgets what no rule expects any more: of rules that are gone or count otherwise now ($1, with their fingerprints $2), and what was never
-- heard of components that nobody names any more ($3, with their components $4).
DELETE FROM expected
WHERE NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS rules (rule, fingerprint)
                  WHERE rules.rule = expected.rule AND rules.fingerprint = expected.fingerprint)
   OR (heard_at IS NULL AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS named (rule, component)
                                        WHERE named.rule = expected.rule AND named.component = expected.component))
RETURNING rule, component

-- name: lock_overdue
-- Reads and locks what was not heard since $3 less what each rule waits, and was not said to be missing: of the rules $1, which wait $2.
SELECT expected.rule, component, since, heard_at, spoke_at
FROM expected JOIN unnest($1::text[], $2::interval[]) AS rules (rule, waits) USING (rule)
WHERE coalesce(heard_at, since) < $3::timestamptz - waits AND missed IS DISTINCT FROM coalesce(heard_at, since)
ORDER BY rule, component FOR UPDATE OF expected

-- name: miss
-- Notes that the absence since their last hearing was said.
UPDATE expected SET missed = coalesce(heard_at, since)
FROM unnest($1::text[], $2::text[]) AS said (rule, component)
WHERE expected.rule = said.rule AND expected.component = said.component

-- name: lock_heard
-- Reads and locks what is known of these.
SELECT expected.rule, expected.component, expected.fingerprint, since, heard_at, spoke_at
FROM expected JOIN unnest($1::text[], $2::text[]) AS heard (rule, component) USING (rule, component)
ORDER BY expected.rule, expected.component FOR UPDATE OF expected

-- name: hear
-- Stores that these were heard, and when. Of two the later counts.
INSERT INTO expected (rule, component, fingerprint, since, heard_at, spoke_at)
SELECT rule, component, fingerprint, heard_at, heard_at, spoke_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
    AS heard (rule, component, fingerprint, heard_at, spoke_at) ORDER BY rule, component
ON CONFLICT (rule, component) DO UPDATE
    SET fingerprint = excluded.fingerprint,
        since = CASE WHEN expected.fingerprint = excluded.fingerprint THEN expected.since ELSE excluded.since END,
        heard_at = greatest(expected.heard_at, excluded.heard_at), spoke_at = greatest(expected.spoke_at, excluded.spoke_at)

-- name: open_of
-- Reads the open incidents of these.
SELECT incidents.id, incidents.rule, incidents.component
FROM incidents JOIN unnest($1::text[], $2::text[]) AS said (rule, component) USING (rule, component)
WHERE incidents.status = 'open' AND incidents.split_from IS NULL

-- name: read_so_far
-- Reads how far monitor reads, as it is known; nobody waits for this.
SELECT read_to FROM reading
