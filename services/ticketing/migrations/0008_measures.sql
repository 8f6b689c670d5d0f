-- The console measures whether telling customers helped, from the topics: nothing of that is due here any more.
-- `told` is no longer written or read. It stays until no version before this one can run on this schema; what it holds of customers is
-- still erased with them, and goes with its age (personal.py, keeping.py).
DELETE FROM due WHERE kind = 'measure_outcome';
