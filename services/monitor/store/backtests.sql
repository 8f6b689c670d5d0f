-- name: add_backtest
-- Keeps a draft that is to be tried.
INSERT INTO backtests (id, rules, base, back, by) VALUES ($1, $2, $3, $4, $5)
RETURNING id, base, back, by, asked_at, status, done, size, reason, ended_at

-- name: waiting_backtests
-- Counts the drafts that wait, or are tried now.
SELECT count(*) FROM backtests WHERE status IN ('waiting', 'running')

-- name: forget_backtests
-- Deletes what was tried before the latest twenty.
DELETE FROM backtests WHERE id IN (SELECT id FROM backtests WHERE status IN ('done', 'failed') ORDER BY asked_at DESC, id OFFSET 19)

-- name: list_backtests
-- Lists what waits, is tried and was tried, the latest first.
SELECT id, base, back, by, asked_at, status, done, size, reason, ended_at FROM backtests ORDER BY asked_at DESC, id

-- name: backtest
-- Reads one of them with all that was found.
SELECT id, base, back, by, asked_at, status, done, size, reason, ended_at, rules, outcome FROM backtests WHERE id = $1

-- name: begin_backtest
-- Begins to try a draft, or begins anew when the process that tried it is gone; no row while another one is tried.
UPDATE backtests SET status = 'running', done = 0, size = NULL, tries = tries + 1
WHERE id = $1 AND status IN ('waiting', 'running')
    AND NOT EXISTS (SELECT FROM backtests other WHERE other.status = 'running' AND other.id <> $1)
RETURNING rules, back, tries

-- name: backtest_waits
-- Says whether a draft still waits for its turn.
SELECT EXISTS (SELECT FROM backtests WHERE id = $1 AND status = 'waiting')

-- name: move_backtest
-- Keeps how far the past is read.
UPDATE backtests SET done = $2, size = $3 WHERE id = $1

-- name: leave_backtest
-- Has a draft wait again, since the process that tried it stops.
UPDATE backtests SET status = 'waiting', tries = tries - 1 WHERE id = $1

-- name: finish_backtest
-- Keeps what was found, or why nothing was.
UPDATE backtests SET status = $2, reason = $3, outcome = $4, ended_at = clock() WHERE id = $1
