-- What a branch was judged at, in order: the larger n, the later.
CREATE TABLE heads (
    repo BIGINT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    n BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (repo, ref, sha)
);
CREATE INDEX heads_order ON heads (repo, ref, n);
CREATE INDEX heads_last ON heads (last_at);

-- Required checks that failed on a head.
CREATE TABLE failed_checks (
    repo BIGINT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    requirement TEXT NOT NULL,
    signature TEXT NOT NULL,
    pr BIGINT NOT NULL,
    url TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (repo, ref, sha, requirement, signature)
);
CREATE INDEX failed_checks_seen ON failed_checks (seen_at);

-- Required checks that passed on a head.
CREATE TABLE passed_checks (
    repo BIGINT NOT NULL,
    ref TEXT NOT NULL,
    sha TEXT NOT NULL,
    requirement TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (repo, ref, sha, requirement)
);
CREATE INDEX passed_checks_seen ON passed_checks (seen_at);

-- Approvals as they were first seen. No row is ever changed.
CREATE TABLE approvals (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    contents TEXT NOT NULL,
    contract TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr, source, subject)
);
CREATE INDEX approvals_given ON approvals (given_at);

-- What people did by hand. No row is ever changed.
CREATE TABLE interventions (
    repo BIGINT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    pr BIGINT NOT NULL,
    agent TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    why TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (repo, source, kind, subject)
);
CREATE INDEX interventions_pull ON interventions (repo, pr);
CREATE INDEX interventions_done ON interventions (done_at);

-- The head a comment was first read at. No row is ever changed.
CREATE TABLE comments (
    repo BIGINT NOT NULL,
    comment BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    head TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (repo, comment)
);
CREATE INDEX comments_pull ON comments (repo, pr);
CREATE INDEX comments_written ON comments (written_at);

-- Comments that were answered.
CREATE TABLE answers (
    repo BIGINT NOT NULL,
    comment BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (repo, comment)
);
CREATE INDEX answers_pull ON answers (repo, pr);
CREATE INDEX answers_answered ON answers (answered_at);

-- Everybody who ever pushed to a branch. pushers keeps the last for each commit.
CREATE TABLE branch_pushers (
    repo BIGINT NOT NULL,
    ref TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    sha TEXT NOT NULL,
    pushed_at BIGINT NOT NULL,
    PRIMARY KEY (repo, ref, user_id)
);
CREATE INDEX branch_pushers_pushed ON branch_pushers (pushed_at);
INSERT INTO branch_pushers (repo, ref, user_id, login, sha, pushed_at)
    SELECT repo, ref, user_id, login, sha, pushed_at FROM (
        SELECT repo, ref, user_id, login, sha, pushed_at,
            row_number() OVER (PARTITION BY repo, ref, user_id ORDER BY pushed_at DESC, sha) AS place
        FROM pushers) AS ranked WHERE place = 1;

-- A digest of what a pull request's neighbors look at.
CREATE TABLE surroundings (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    digest TEXT NOT NULL,
    put_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr)
);
CREATE INDEX surroundings_put ON surroundings (put_at);

-- Reviewers who were requested. No row is ever changed.
CREATE TABLE requests (
    repo BIGINT NOT NULL,
    pr BIGINT NOT NULL,
    reviewer TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (repo, pr, reviewer)
);
CREATE INDEX requests_requested ON requests (requested_at);

-- Both sides of an open pull request: whom a push concerns.
ALTER TABLE pulls ADD COLUMN base TEXT NOT NULL DEFAULT '';
ALTER TABLE pulls ADD COLUMN head TEXT NOT NULL DEFAULT '';
