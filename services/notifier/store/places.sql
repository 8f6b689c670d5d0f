-- name: take_places
-- Takes places for notifications; who has one keeps it. The rows stay locked until this transaction ends, so that no two are told at one.
INSERT INTO places AS known (place, notification_id) SELECT place, id FROM unnest($1::bytea[], $2::text[]) AS new (place, id) ORDER BY place
ON CONFLICT (place) DO UPDATE SET notification_id = known.notification_id
RETURNING place, notification_id

-- name: take_over
-- Takes places from notifications by which nothing was told there, and nothing may have been; returns which.
UPDATE places SET notification_id = new.id, at = clock()
FROM unnest($1::bytea[], $2::text[]) AS new (place, id)
WHERE places.place = new.place AND EXISTS (SELECT FROM notifications n WHERE n.id = places.notification_id AND n.sent_at IS NULL)
RETURNING places.place
