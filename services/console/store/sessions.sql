-- name: begin
-- Begins a session.
INSERT INTO sessions (digest, person, via) VALUES ($1, $2, $3)

-- name: find
-- Returns whose session this is, unless it has ended.
SELECT person, role, unmasked_until, used_at < clock() - interval '1 minute' AS old
FROM sessions JOIN people ON name = person
WHERE digest = $1 AND via <> 'header' AND sessions.created_at > clock() - $2::interval AND used_at > clock() - $3::interval AND NOT disabled

-- name: note_use
-- Notes that a person uses the session, at most once a minute.
WITH used AS (UPDATE sessions SET used_at = clock() WHERE digest = $1 AND used_at < clock() - interval '1 minute' RETURNING person)
UPDATE people SET seen_at = clock() WHERE name IN (SELECT person FROM used)

-- name: find_named
-- Returns a person whom a proxy names, and until when they see personal data.
SELECT name, role, disabled, (SELECT unmasked_until FROM sessions WHERE digest = $2) AS unmasked_until FROM people WHERE name = $1

-- name: seen
-- Notes that a person was here, at most once a minute.
UPDATE people SET seen_at = clock() WHERE name = $1 AND (seen_at IS NULL OR seen_at < clock() - interval '1 minute')

-- name: unmask
-- Lets a session see personal data for so long.
UPDATE sessions SET unmasked_until = clock() + $2::interval WHERE digest = $1

-- name: unmask_named
-- Lets a person whom a proxy names see personal data for so long: they have no session, so a row is made that nobody can sign in with.
INSERT INTO sessions (digest, person, via, unmasked_until) VALUES ($1, $2, 'header', clock() + $3::interval)
ON CONFLICT (digest) DO UPDATE SET unmasked_until = excluded.unmasked_until

-- name: end
-- Ends a session.
DELETE FROM sessions WHERE digest = $1

-- name: end_all
-- Ends all sessions of a person, and what would begin new ones.
WITH links AS (DELETE FROM entry_links WHERE person = $1)
DELETE FROM sessions WHERE person = $1

-- name: add_link
-- Makes a link that signs in once, in the place of those that were made before.
WITH others AS (DELETE FROM entry_links WHERE person = $2)
INSERT INTO entry_links (digest, person) VALUES ($1, $2)

-- name: link
-- Returns whom a link signs in, unless it is used or too old.
SELECT person, role FROM entry_links JOIN people ON name = person
WHERE digest = $1 AND entry_links.created_at > clock() - $2::interval AND NOT disabled

-- name: use_link
-- Uses a link up, and returns whom it signs in.
WITH used AS (DELETE FROM entry_links WHERE digest = $1 RETURNING person, created_at)
SELECT person, role FROM used JOIN people ON name = person
WHERE used.created_at > clock() - $2::interval AND NOT disabled

-- name: begin_attempt
-- Keeps what the identity provider's answer must fit.
INSERT INTO provider_attempts (digest, state, nonce, verifier, next) VALUES ($1, $2, $3, $4, $5)

-- name: take_attempt
-- Uses an attempt up, and returns it unless it is too old.
DELETE FROM provider_attempts WHERE digest = $1
RETURNING state, nonce, verifier, next, created_at > clock() - $2::interval AS in_time

-- name: know
-- Notes that a person signs in with a browser.
INSERT INTO known_browsers (digest, person) VALUES ($1, $2) ON CONFLICT (digest, person) DO UPDATE SET used_at = clock()

-- name: knows
-- Says whether a person has signed in with a browser lately.
SELECT EXISTS (SELECT FROM known_browsers WHERE digest = $1 AND person = $2 AND used_at > clock() - $3::interval)

-- name: failures
-- Returns what was tried in vain by this key, locked until the transaction ends; one that is unknown is added.
INSERT INTO sign_in_failures AS held (key) VALUES ($1)
ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING failures, failed_at, next_try_at, clock() AS now

-- name: fail
-- Notes a failure of each of these keys, and from when on the next try counts.
UPDATE sign_in_failures AS held SET failures = given.failures, failed_at = clock(), next_try_at = clock() + given.pause
FROM unnest($1::bytea[], $2::int[], $3::interval[]) AS given (key, failures, pause)
WHERE held.key = given.key

-- name: forget_failures
-- Forgets what was tried in vain by one key.
DELETE FROM sign_in_failures WHERE key = $1

-- name: take_back
-- Takes back one failure of an address, since it was none.
UPDATE sign_in_failures SET failures = greatest(failures - 1, 0), next_try_at = clock() WHERE key = $1
