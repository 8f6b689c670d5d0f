-- name: arms_of
-- Reads the arms that these customers were given.
SELECT customer_id, experiment, arm FROM experiment_arms WHERE customer_id = ANY ($1::text[])

-- name: enter
-- Gives customers their arms, which they keep; says who is new.
INSERT INTO experiment_arms (customer_id, experiment, arm)
SELECT DISTINCT ON (1, 2) * FROM unnest($1::text[], $2::text[], $3::text[]) AS new (customer_id, experiment, arm) ORDER BY 1, 2
ON CONFLICT DO NOTHING
RETURNING experiment, arm

-- name: write_in
-- Notes the first ticket that customers opened since they had entered an experiment.
UPDATE experiment_arms a SET wrote_in_at = earliest.at
FROM (
    SELECT a.customer_id, a.experiment, min(said.at) AS at FROM unnest($1::text[], $2::timestamptz[]) AS said (customer_id, at)
    JOIN experiment_arms a ON a.customer_id = said.customer_id AND a.entered_at <= said.at GROUP BY 1, 2) AS earliest
WHERE a.customer_id = earliest.customer_id AND a.experiment = earliest.experiment AND (a.wrote_in_at IS NULL OR a.wrote_in_at > earliest.at)

-- name: measure
-- Counts the arms of an experiment: who took part, who of them was told something of these kinds, whose time to write in is over and who did, and
-- who opted out of one of these purposes.
SELECT arm, count(*) AS people, min(entered_at) AS since, count(*) FILTER (WHERE entered_at <= clock() - $4::interval) AS observed,
    count(*) FILTER (WHERE entered_at <= clock() - $4::interval AND wrote_in_at <= entered_at + $4::interval) AS wrote_in,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM notifications n WHERE n.customer_id = a.customer_id AND n.sent_at >= a.entered_at AND n.kind = ANY ($2::text[])
            AND n.ticket_id IS NULL)) AS told,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM preferences p WHERE p.customer_id = a.customer_id AND p.changed_at >= a.entered_at
            AND (NOT p.incident AND 'incident' = ANY ($3::text[]) OR NOT p.guidance AND 'guidance' = ANY ($3::text[])))) AS opted_out
FROM experiment_arms a WHERE experiment = $1 GROUP BY arm
