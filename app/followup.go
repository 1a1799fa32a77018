package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/store"
)

// labelNeedsHuman marks a pull request whose agent failed too often in the same way.
const labelNeedsHuman = "needs-human"

// Reactions to commands (https://docs.github.com/en/rest/reactions/reactions). The reason of a refusal stands in the check
// run: a comment would be one more thing for agents to answer.
const (
	reactionAccepted = "+1"
	reactionRefused  = "confused"
)

// followUp carries out what one pull request's report asks for besides being shown.
type followUp struct {
	*App
	site    site
	pull    gh.Pull
	report  checks.Report
	read    *reader
	reading int64 // taken before anything was read
}

// remember stores what later judgements will need. It comes before everything that GitHub is told.
func (o *followUp) remember(ctx context.Context) error {
	now := o.config.Now()
	var failed []store.FailedCheck
	for _, s := range o.report.Signatures {
		failed = append(failed, store.FailedCheck{
			Requirement: s.Requirement, Signature: s.Hash, PR: o.pull.Number, URL: s.URL, At: now,
		})
	}
	var approvals []store.Approval
	for _, a := range o.report.Approvals {
		approvals = append(approvals, store.Approval{
			Source: a.Source, Subject: a.Subject, Contents: a.Contents, Contract: a.Contract,
			UserID: a.By.ID, Login: a.By.Login, At: a.At,
		})
	}
	var passed []string
	for _, row := range o.report.Matrix {
		if row.State == checks.RowShown && row.Evidence != "missing" && row.Evidence != "claimed" {
			passed = append(passed, row.Requirement)
		}
	}
	return errors.Join(
		o.db.PutPasses(ctx, o.site.id, headRef(o.pull), o.pull.Head.SHA, passed),
		o.db.PutFailures(ctx, o.site.id, headRef(o.pull), o.pull.Head.SHA, failed),
		o.db.RecordApprovals(ctx, o.site.id, o.pull.Number, approvals),
		o.db.RecordInterventions(ctx, o.site.id, o.interventions()),
	)
}

// interventions are what people did by hand: every approval that counts, and every command that was accepted.
func (o *followUp) interventions() []store.Intervention {
	var done []store.Intervention
	for _, a := range o.report.Approvals {
		done = append(done, store.Intervention{
			PR: o.pull.Number, Source: a.Source, Kind: checks.CommandApprove, Agent: o.report.Agent, Subject: a.Subject,
			UserID: a.By.ID, Login: a.By.Login, At: a.At,
		})
	}
	for _, c := range o.report.Commands {
		if c.Accepted && c.Kind != checks.CommandApprove {
			done = append(done, store.Intervention{
				PR: o.pull.Number, Source: fmt.Sprintf("comment:%d", c.Comment), Kind: c.Kind, Agent: o.report.Agent, Subject: c.Subject,
				UserID: c.By.ID, Login: c.By.Login, Why: c.Why, At: c.At,
			})
		}
	}
	return done
}

// act tells people: a reaction to each command, once; the label; the reviewers who are needed, once. Each is looked up before
// it is done and may be done twice without harm.
func (o *followUp) act(ctx context.Context) error {
	key := store.Key{Repo: o.site.id, PR: o.pull.Number}
	return errors.Join(o.tolerated(key, o.react(ctx)), o.tolerated(key, o.label(ctx)), o.tolerated(key, o.request(ctx)))
}

// tolerated lets go of what GitHub refuses for good, such as a reaction in a locked conversation: the check runs say all of
// it, and judging again would not change the answer. The next judgement asks again.
func (a *App) tolerated(key store.Key, err error) error {
	err = a.granted(key, err)
	var refused *gh.StatusError
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden && !gh.Absent(err) {
		return err
	}
	a.log.Warn("follow-up refused by GitHub", "repo", key.Repo, "pr", key.PR, "error", err)
	return nil
}

func (o *followUp) react(ctx context.Context) error {
	if len(o.report.Commands) == 0 {
		return nil
	}
	key := store.Key{Repo: o.site.id, PR: o.pull.Number}
	answered, err := o.db.Answers(ctx, key)
	if err != nil {
		return err
	}
	for i, c := range o.report.Commands {
		if answered[c.Comment] {
			continue
		}
		reaction := reactionRefused
		if c.Accepted {
			reaction = reactionAccepted
		}
		if !flood(o.report.Commands[:i], c) {
			if err := o.site.React(ctx, c.Comment, reaction); err != nil && !gh.Absent(err) {
				return err
			}
		}
		if _, err := o.db.PutAnswer(ctx, key, c.Comment); err != nil {
			return err
		}
	}
	return nil
}

// maxAnswers is how many commands of one account are answered that it wrote within a minute. The others are heard, silently:
// everybody may comment on a public repository, and GitHub limits what an App writes for all of an installation.
const maxAnswers = 10

// flood reports whether a command comes after too many others of the same account.
func flood(earlier []checks.CommandResult, c checks.CommandResult) bool {
	n := 0
	for _, e := range earlier { // in the order of the comments
		if e.By.ID == c.By.ID && c.At.Sub(e.At) < time.Minute {
			n++
		}
	}
	return n >= maxAnswers
}

// label marks what a person has to look at, and takes the mark away once a person has said to go on.
func (o *followUp) label(ctx context.Context) error {
	has := slices.Contains(o.pull.Labels, labelNeedsHuman)
	retried := slices.ContainsFunc(o.report.Commands, func(c checks.CommandResult) bool {
		return c.Accepted && c.Kind == checks.CommandRetry
	})
	switch {
	case o.report.Escalated && !has:
		return o.site.Label(ctx, o.pull.Number, labelNeedsHuman)
	case !o.report.Escalated && has && retried:
		return o.site.Unlabel(ctx, o.pull.Number, labelNeedsHuman)
	}
	return nil
}

// request asks for reviews. Somebody who was asked once is not asked again: they may have been taken off by hand. Whom
// GitHub refuses (no collaborator, a team without access) is logged; the report names them all the same.
func (o *followUp) request(ctx context.Context) error {
	if len(o.report.Reviewers) == 0 {
		return nil
	}
	key := store.Key{Repo: o.site.id, PR: o.pull.Number}
	done, err := o.db.Requested(ctx, key)
	if err != nil {
		return err
	}
	for _, name := range o.report.Reviewers {
		if done[strings.ToLower(name)] {
			continue
		}
		if err := o.requestOne(ctx, name); err != nil {
			return err
		}
		if err := o.db.PutRequested(ctx, key, strings.ToLower(name)); err != nil {
			return err
		}
	}
	return nil
}

func (o *followUp) requestOne(ctx context.Context, name string) error {
	if slices.ContainsFunc(o.pull.Requested, func(r string) bool { return strings.EqualFold(r, name) }) {
		return nil
	}
	err := o.site.RequestReviewer(ctx, o.pull.Number, name)
	var refused *gh.StatusError
	if errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity && !gh.Ungranted(err) {
		o.log.Warn("reviewer refused by GitHub", "repo", o.site.id, "pr", o.pull.Number, "reviewer", name, "error", err)
		return nil
	}
	return err
}
