-- The queue of one integration branch: everything queue.Step knows, but for the
-- time, which stands beside it because it moves alone. hash and seq are those
-- of the newest row in its log; pruned_* are those of the newest that Prune
-- took. Ids are never used again: the lane's mailboxes are named by them.
CREATE TABLE lanes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repo BIGINT NOT NULL,
    branch TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    pruned_seq BIGINT NOT NULL,
    pruned_hash TEXT NOT NULL,
    clock TEXT NOT NULL,
    digest TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    state BYTEA NOT NULL,
    UNIQUE (repo, branch)
);
-- Compressing it takes longer than writing it.
ALTER TABLE lanes ALTER COLUMN state SET STORAGE EXTERNAL;

-- Effects that wait or run. Of one slot there is one row: what waits in it is
-- replaced by what is newer. An effect that has begun has its key as its slot.
CREATE TABLE effects (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane BIGINT NOT NULL,
    line BIGINT NOT NULL,
    place BIGINT NOT NULL,
    slot TEXT NOT NULL,
    key TEXT NOT NULL,
    begun BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    retry_at BIGINT NOT NULL DEFAULT 0,
    added_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    UNIQUE (lane, slot)
);
CREATE INDEX effects_order ON effects (lane, line, place, id);

-- The audit log: the events that changed a lane, in order, each with a hash
-- that covers the one before.
CREATE TABLE audit (
    lane BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    clock TEXT NOT NULL,
    event BYTEA NOT NULL,
    effects TEXT NOT NULL,
    digest TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (lane, seq)
);
CREATE FUNCTION audit_refuses_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuses_changes();
