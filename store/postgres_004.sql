-- The number of the last reading of GitHub: one row.
CREATE TABLE readings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n BIGINT NOT NULL
);
INSERT INTO readings (one, n) VALUES (1, 0);

-- Comments that the App put on pull requests, or is about to.
CREATE TABLE posted_comments (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    name TEXT NOT NULL,
    comment BIGINT NOT NULL,
    digest TEXT NOT NULL,
    intent_pr BIGINT NOT NULL,
    put_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr, name)
);
CREATE INDEX posted_comments_put ON posted_comments (put_at);

-- How the entries of an agent went on a lane.
CREATE TABLE lane_records (
    lane BIGINT NOT NULL,
    agent TEXT NOT NULL,
    passed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (lane, agent)
);

-- What a head was judged by, when it was in order: the offer shows it.
CREATE TABLE reports (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    sha TEXT NOT NULL,
    body BYTEA NOT NULL,
    put_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr, sha)
);
CREATE INDEX reports_put ON reports (put_at);
