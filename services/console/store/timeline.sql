-- name: add_lines
-- Adds lines to the time lines; returns which facts are new. Words come as JSON, for an array of arrays has one length.
INSERT INTO timeline (id, at, service, what, incident_id, ticket_id, who, detail, words)
SELECT id, at, service, what, incident_id, ticket_id, who, detail, ARRAY(SELECT jsonb_array_elements_text(words::jsonb))
FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::text[])
    AS said (id, at, service, what, incident_id, ticket_id, who, detail, words)
ON CONFLICT (id) DO NOTHING RETURNING id
