-- Times are microseconds since 1970 UTC; 0 means never.

CREATE TABLE deliveries (
    guid TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    times INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE mailboxes (
    repo INTEGER NOT NULL,
    pr INTEGER NOT NULL,
    job_id INTEGER NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    retry_at INTEGER NOT NULL DEFAULT 0,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (repo, pr)
) WITHOUT ROWID;
CREATE INDEX mailboxes_retry ON mailboxes (retry_at) WHERE retry_at > 0;
CREATE INDEX mailboxes_job ON mailboxes (job_id) WHERE job_id > 0;
CREATE INDEX mailboxes_holder ON mailboxes (holder) WHERE holder <> '';
CREATE INDEX mailboxes_used ON mailboxes (used_at);

CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL,
    pr INTEGER NOT NULL,
    installation INTEGER NOT NULL,
    full_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    comment INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    handled_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX notices_waiting ON notices (repo, pr, id) WHERE handled_at = 0;
CREATE INDEX notices_handled ON notices (handled_at) WHERE handled_at > 0;

CREATE TABLE pushers (
    repo INTEGER NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    login TEXT NOT NULL,
    pushed_at INTEGER NOT NULL,
    PRIMARY KEY (repo, ref, sha)
) WITHOUT ROWID;
CREATE INDEX pushers_pushed ON pushers (pushed_at);

CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    installation INTEGER NOT NULL,
    full_name TEXT NOT NULL,
    default_branch TEXT NOT NULL,
    seen_at INTEGER NOT NULL
);
CREATE INDEX repositories_installation ON repositories (installation);

CREATE TABLE publications (
    repo INTEGER NOT NULL,
    sha TEXT NOT NULL,
    name TEXT NOT NULL,
    check_run INTEGER NOT NULL,
    digest TEXT NOT NULL,
    intent_pr INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    PRIMARY KEY (repo, sha, name)
) WITHOUT ROWID;
CREATE INDEX publications_put ON publications (put_at);

CREATE TABLE watermarks (
    name TEXT PRIMARY KEY,
    reached_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE pulls (
    repo INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sha TEXT NOT NULL,
    PRIMARY KEY (repo, number)
) WITHOUT ROWID;
CREATE INDEX pulls_sha ON pulls (repo, sha);
