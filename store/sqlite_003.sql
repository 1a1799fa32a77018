-- The queue of one integration branch: everything queue.Step knows, but for the
-- time, which stands beside it because it moves alone. hash and seq are those
-- of the newest row in its log; pruned_* are those of the newest that Prune
-- took. Ids are never used again: the lane's mailboxes are named by them.
CREATE TABLE lanes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL,
    branch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    pruned_seq INTEGER NOT NULL,
    pruned_hash TEXT NOT NULL,
    clock TEXT NOT NULL,
    digest TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (repo, branch)
);

-- Effects that wait or run. Of one slot there is one row: what waits in it is
-- replaced by what is newer. An effect that has begun has its key as its slot.
CREATE TABLE effects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    line INTEGER NOT NULL,
    place INTEGER NOT NULL,
    slot TEXT NOT NULL,
    key TEXT NOT NULL,
    begun INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    retry_at INTEGER NOT NULL DEFAULT 0,
    added_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (lane, slot)
);
CREATE INDEX effects_order ON effects (lane, line, place, id);

-- The audit log: the events that changed a lane, in order, each with a hash
-- that covers the one before.
CREATE TABLE audit (
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    clock TEXT NOT NULL,
    event BLOB NOT NULL,
    effects TEXT NOT NULL,
    digest TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (lane, seq)
);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;
