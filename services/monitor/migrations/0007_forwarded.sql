-- How many product events of each partition were forwarded to the partition of their key, where they are read again.
-- A table of its own, since the version before reads all columns of fold_accounts by their places.
CREATE TABLE fold_forwarded (
    partition int    PRIMARY KEY,
    events    bigint NOT NULL
);
