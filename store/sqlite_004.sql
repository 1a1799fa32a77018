-- The number of the last reading of GitHub: one row.
CREATE TABLE readings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n INTEGER NOT NULL
);
INSERT INTO readings (one, n) VALUES (1, 0);

-- Comments that the App put on pull requests, or is about to.
CREATE TABLE posted_comments (
    repo INTEGER NOT NULL,
    pr INTEGER NOT NULL,
    name TEXT NOT NULL,
    comment INTEGER NOT NULL,
    digest TEXT NOT NULL,
    intent_pr INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    PRIMARY KEY (repo, pr, name)
) WITHOUT ROWID;
CREATE INDEX posted_comments_put ON posted_comments (put_at);

-- How the entries of an agent went on a lane.
CREATE TABLE lane_records (
    lane INTEGER NOT NULL,
    agent TEXT NOT NULL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (lane, agent)
) WITHOUT ROWID;

-- What a head was judged by, when it was in order: the offer shows it.
CREATE TABLE reports (
    repo INTEGER NOT NULL,
    pr INTEGER NOT NULL,
    sha TEXT NOT NULL,
    body BLOB NOT NULL,
    put_at INTEGER NOT NULL,
    PRIMARY KEY (repo, pr, sha)
) WITHOUT ROWID;
CREATE INDEX reports_put ON reports (put_at);
