-- Times are microseconds since 1970 UTC; 0 means never.

CREATE TABLE deliveries (
    guid TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    times BIGINT NOT NULL
);
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE mailboxes (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    job_id BIGINT NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    failures BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    retry_at BIGINT NOT NULL DEFAULT 0,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr)
);
CREATE INDEX mailboxes_retry ON mailboxes (retry_at) WHERE retry_at > 0;
CREATE INDEX mailboxes_job ON mailboxes (job_id) WHERE job_id > 0;
CREATE INDEX mailboxes_holder ON mailboxes (holder) WHERE holder <> '';
CREATE INDEX mailboxes_used ON mailboxes (used_at);

CREATE TABLE notices (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    full_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    comment BIGINT NOT NULL,
    delivery TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    handled_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX notices_waiting ON notices (repo, pr, id) WHERE handled_at = 0;
CREATE INDEX notices_handled ON notices (handled_at) WHERE handled_at > 0;

CREATE TABLE pushers (
    repo BIGINT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    pushed_at BIGINT NOT NULL,
    PRIMARY KEY (repo, ref, sha)
);
CREATE INDEX pushers_pushed ON pushers (pushed_at);

CREATE TABLE repositories (
    id BIGINT PRIMARY KEY,
    installation BIGINT NOT NULL,
    full_name TEXT NOT NULL,
    default_branch TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX repositories_installation ON repositories (installation);

CREATE TABLE publications (
    repo BIGINT NOT NULL,
    sha TEXT NOT NULL,
    name TEXT NOT NULL,
    check_run BIGINT NOT NULL,
    digest TEXT NOT NULL,
    intent_pr BIGINT NOT NULL,
    put_at BIGINT NOT NULL,
    PRIMARY KEY (repo, sha, name)
);
CREATE INDEX publications_put ON publications (put_at);

CREATE TABLE watermarks (
    name TEXT PRIMARY KEY,
    reached_at BIGINT NOT NULL
);

-- One row per process that works jobs. The process is alive as long as its
-- session holds the advisory lock (class, lock_id).
CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    lock_id INTEGER NOT NULL UNIQUE
);
CREATE SEQUENCE worker_locks AS INTEGER CYCLE;

CREATE TABLE pulls (
    repo BIGINT NOT NULL,
    number INTEGER NOT NULL,
    sha TEXT NOT NULL,
    PRIMARY KEY (repo, number)
);
CREATE INDEX pulls_sha ON pulls (repo, sha);
